// Reads one query definition from its document.
#pragma once

#include "config/catalogue.hpp"
#include "config/reader.hpp"

#include <string>
#include <utility>
#include <vector>

namespace pgstatsmon {

/// A definition, and where in its file the names stand that have to be unique over all files.
struct located_definition {
  query_definition query;
  fault name_place; ///< Without `what`.

  /// Every family, under its names in both vocabularies, with its place.
  std::vector<std::pair<std::string, fault>> families;
};

/// Reads a definition. What is wrong is reported to the value's reading; then only the names of
/// the result are of use.
located_definition read_definition(const value& root);

/// What keeps a family from being called so, because our own metrics have the name; empty when
/// nothing does. The histograms of the queries are not looked at.
std::string family_fault(std::string_view family);

/// config/queries/ as it was when the program was built: pairs of file name and content.
std::vector<std::pair<std::string, std::string>> built_in_definitions();

} // namespace pgstatsmon
