// Reads one query definition from its document.
#pragma once

#include "config/catalogue.hpp"
#include "config/reader.hpp"

#include <string>
#include <utility>
#include <vector>

namespace pgstatsmon {

/// A definition, and where in its file what stands that others are compared with: the names that
/// have to be unique over all files, the columns that the SQL has to deliver. Places have no
/// `what`.
struct located_definition {
  std::string file; ///< As faults name it.
  query_definition query;
  std::vector<fault> label_places;  ///< Of query_definition::labels, one each.
  std::vector<fault> metric_places; ///< Of the columns of query_definition::metrics.
  std::vector<fault> sql_places;    ///< Of the SQL of query_definition::variants.
  fault texts_place;                ///< Of query_definition::texts.
  std::vector<fault> key_places;    ///< Of row_events::key.
  fault name_place;

  /// Every family, under its names in both vocabularies, with its place.
  std::vector<std::pair<std::string, fault>> families;

  /// Every vital sign that the query says, with its place. One of a pgbouncer says so in its name,
  /// as both kinds have their own.
  std::vector<std::pair<std::string, fault>> signs;
};

/// Reads a definition. What is wrong is reported to the value's reading; then only the names of
/// the result are of use.
located_definition read_definition(const value& root);

/// The definitions of a directory, in the order of its files, or, when it is empty, those that are
/// compiled in. Faults as load_catalogue's. Never throws.
caf::expected<std::vector<located_definition>> locate_definitions(const std::string& directory);

/// What keeps a family from being called so, because our own metrics have the name; empty when
/// nothing does. The histograms of the queries are not looked at.
std::string family_fault(std::string_view family);

/// config/queries/ as it was when the program was built: pairs of file name and content.
std::vector<std::pair<std::string, std::string>> built_in_definitions();

} // namespace pgstatsmon
