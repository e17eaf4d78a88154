// What one server says of that which queries need: extensions, settings, rights.
#pragma once

#include "config/catalogue.hpp"
#include "config/needs.hpp"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <libpq-fe.h>

namespace pgstatsmon {

/// Every need of a catalogue that a server must be asked about, once each.
/// @param visit Only of queries of scope database.
std::vector<need> needs_of(const catalogue& queries, bool visit = false);

/// Asks about all of them in one statement: rows of kind, name, value. Empty when there is nothing
/// to ask. For 9.2 and later.
/// @param server_version As 150018.
std::string facts_query(const std::vector<need>& needs, int32_t server_version);

/// The answers to facts_query().
class found_facts {
public:
  found_facts() = default;

  /// @param rows As facts_query() asked for them; others are ignored.
  explicit found_facts(const PGresult& rows);

  /// Whether it holds; what was not asked about, and need::kind::functions, does not.
  [[nodiscard]] bool holds(const need& wanted) const;

  /// The SQL with the schemas of extensions in place of `{schema EXTENSION}`, quoted.
  [[nodiscard]] std::string with_schemas(std::string_view sql) const;

  friend bool operator==(const found_facts&, const found_facts&) = default;

private:
  /// By kind, as facts_query() writes it, and name.
  std::map<std::pair<std::string, std::string>, std::string> values_;
};

} // namespace pgstatsmon
