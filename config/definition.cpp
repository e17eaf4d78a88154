// Checks what can be checked of a definition without a server.
#include "config/definition_parts.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace pgstatsmon {

namespace {

using kind = document_node::kind;

constexpr size_t max_name = 128;
constexpr size_t max_sql = 65536;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Digits as a number below 100; nothing when they are none.
std::optional<int32_t> to_small_number(std::string_view x) {
  int32_t result = 0;
  auto [end, error] = std::from_chars(x.data(), x.data() + x.size(), result);
  if (x.empty() || x.size() > 2 || !std::ranges::all_of(x, is_digit) || error != std::errc{})
    return std::nullopt;
  return result;
}

/// The first `server_version_num` of "9.6" or "14".
std::optional<int32_t> to_version(std::string_view text) {
  auto dot = text.find('.');
  auto major = to_small_number(text.substr(0, dot));
  if (!major || (*major < 10) != (dot != std::string_view::npos))
    return std::nullopt;
  if (dot == std::string_view::npos)
    return *major * 10000;
  auto minor = to_small_number(text.substr(dot + 1));
  if (!minor)
    return std::nullopt;
  return *major * 10000 + *minor * 100;
}

/// What the console of a pgbouncer takes of a read-only role.
bool is_show(std::string_view sql) {
  constexpr std::string_view show = "show ";
  auto same = [](char a, char b) { return a == b || a - 'A' + 'a' == b; };
  return sql.size() > show.size() && std::ranges::equal(sql.substr(0, show.size()), show, same)
         && sql.find(';') == std::string_view::npos;
}

std::optional<std::string> parse_sql(const value& x) {
  if (x.node().type != kind::string) {
    x.complain_type("SQL");
    return std::nullopt;
  }
  auto result = x.node().text;
  result.erase(result.find_last_not_of(" \n\r\t;") + 1);
  if (result.empty())
    x.complain("is empty, expected SQL");
  else if (result.find('\0') != std::string::npos)
    x.complain("has a null character, expected SQL");
  else if (result.size() > max_sql)
    x.complain("is too long, expected at most " + std::to_string(max_sql) + " bytes");
  else
    return result;
  return std::nullopt;
}

/// What is about PostgreSQL servers.
void refuse_for_consoles(const value& x) {
  if (x.given())
    x.complain("is about a PostgreSQL server, expected none with kind: pgbouncer");
}

void read_labels(const value& self, located_definition& to) {
  auto& labels = to.query.labels;
  self.each([&](const value& item) {
    std::string label;
    item.require(label, "a column", parse_label);
    if (!label.empty() && std::ranges::find(labels, label) != labels.end())
      return item.complain("is given twice");
    labels.push_back(std::move(label));
    to.label_places.push_back(place_of(item));
  });
}

/// Whether every server that fits `later` fits `earlier` too.
bool hides(const sql_variant& earlier, const sql_variant& later) {
  auto ends_later = earlier.until == 0 || (later.until != 0 && later.until <= earlier.until);
  auto any_role = earlier.role == server_role::unknown || earlier.role == later.role;
  return earlier.from <= later.from && ends_later && any_role
         && std::ranges::includes(later.needs, earlier.needs);
}

void read_variant(const value& self, located_definition& to) {
  auto& variants = to.query.variants;
  sql_variant x;
  auto faults = self.run().faults.size();
  fields s{self};
  s.get("from").read(x.from, parse_version);
  auto until = s.get("until").read(x.until, parse_version);
  s.get("role").read(x.role, choice<server_role>({{"any", server_role::unknown},
                                                  {"primary", server_role::primary},
                                                  {"standby", server_role::standby}}));
  auto needs = s.get("needs");
  read_needs(needs, x.needs);
  std::ranges::sort(x.needs);
  auto sql = s.get("sql").require(x.sql, "SQL", parse_sql);
  if (to.query.kind == backend_kind::pgbouncer) {
    refuse_for_consoles(needs);
    if (x.role != server_role::unknown)
      refuse_for_consoles(s.get("role"));
    if (!x.sql.empty() && !is_show(x.sql))
      sql.complain("is no SHOW, expected one SHOW command of pgbouncer's console");
  }
  if (self.run().faults.size() != faults)
    return;
  if (x.until != 0 && x.until <= x.from)
    until.complain("is not above from, expected the first version that no longer fits");
  else if (std::ranges::any_of(variants, [&](const auto& other) { return hides(other, x); }))
    self.complain("is never used, one before it fits every server that it fits");
  else {
    variants.push_back(std::move(x));
    to.sql_places.push_back(place_of(sql));
  }
}

/// The kind of backend, the set, the place, the interval and what else says when the query is
/// asked.
void read_occasion(fields& s, query_definition& x) {
  s.get("kind").read(x.kind, parse_kind);
  s.get("set").read(x.set, parse_name);
  auto scope = s.get("scope").read(
    x.scope,
    choice<query_scope>({{"server", query_scope::server}, {"database", query_scope::database}}));
  s.get("every").read(x.every, parse_time);
  s.get("timeout").read(x.timeout, parse_time);
  auto needs = s.get("needs");
  read_needs(needs, x.needs);
  if (x.kind != backend_kind::pgbouncer)
    return;
  refuse_for_consoles(needs);
  if (x.scope == query_scope::database)
    refuse_for_consoles(scope);
}

void read_pivot(const value& self, query_definition& x) {
  if (!self.given() && !self.run().describing)
    return;
  auto& pivot = x.pivot.emplace();
  fields s{self};
  s.get("name").require(pivot.name, "the column with the names", parse_name);
  s.get("value").require(pivot.value, "the column with the values", parse_name);
}

} // namespace

std::optional<std::string> parse_name(const value& x) {
  auto result = parse_word(x);
  if (!result)
    return std::nullopt;
  if (!is_letter(result->front())
      || !std::ranges::all_of(*result, [](char c) { return is_letter(c) || is_digit(c); })) {
    x.complain("is no name, expected letters, digits and _, no digit first");
    return std::nullopt;
  }
  if (result->size() > max_name) {
    x.complain("is too long, expected at most " + std::to_string(max_name) + " characters");
    return std::nullopt;
  }
  return result;
}

std::optional<std::string> parse_label(const value& x) {
  auto result = parse_name(x);
  if (!result)
    return std::nullopt;
  if (result->starts_with("__"))
    x.complain("is no label name, those that begin with __ are Prometheus' own");
  else if (*result == "backend" || *result == "le" || *result == "quantile")
    x.complain("is a label that every series may have already, expected another name");
  else
    return result;
  return std::nullopt;
}

std::optional<int32_t> parse_version(const value& x) {
  constexpr std::string_view expected = "a major version like 9.6 or 14";
  if (x.node().type != kind::number && x.node().type != kind::string) {
    x.complain_type(expected);
    return std::nullopt;
  }
  auto result = to_version(x.node().text);
  if (!result)
    x.complain("is no major version, expected " + std::string{expected});
  return result;
}

fault place_of(const value& x) {
  if (!x.given())
    return {};
  return {x.node().line, x.node().column, x.path(), {}};
}

void read_texts(fields& s, located_definition& to) {
  auto texts = s.get("texts");
  texts.read(to.query.texts, parse_sql);
  to.texts_place = place_of(texts);
  if (texts.given() && to.query.labels.empty())
    texts.complain("needs labels, which say whose text is whose");
}

/// What the page has of the rows.
void read_samples(fields& s, located_definition& to) {
  auto common = duplicate_rule::first;
  s.get("duplicates").read(common, parse_rule);
  each_of_some(s.get("metrics"), "a list of metrics",
               [&](const value& x) { read_metric(x, common, to); });
  read_limit(s, to.query);
  read_replication(s, to.query);
  read_texts(s, to);
}

located_definition read_definition(const value& root) {
  located_definition result;
  fields s{root};
  auto name = s.get("name").require(result.query.name, "the query's name", parse_name);
  result.name_place = place_of(name);
  s.get("help").require(result.query.help, "a sentence", parse_word);
  read_occasion(s, result.query);
  read_pivot(s.get("pivot"), result.query);
  auto labels = s.get("labels");
  read_labels(labels, result);
  if (result.query.scope == query_scope::database) {
    // The original's families have no such label, and one database a server.
    result.query.datname = result.query.set != "original";
    if (std::ranges::find(result.query.labels, "datname") != result.query.labels.end())
      labels.complain("has datname, which each query of scope database gets by itself");
  }
  if (!read_events(s, result) || root.run().describing)
    read_samples(s, result);
  each_of_some(s.get("versions"), "a list of version ranges with their SQL",
               [&](const value& x) { read_variant(x, result); });
  return result;
}

std::string family_fault(std::string_view family) {
  constexpr auto own = std::to_array<std::string_view>(
    {"pg_NaN_error", "pg_connect_error", "pg_query_count", "pg_query_error", "pg_query_timeout",
     "pg_up", "pgbouncer_up", "pg_exporter_last_scrape_error"});
  if (std::ranges::find(own, family) != own.end() || family.starts_with("pgstatsmon_")
      || family.starts_with("process_"))
    return "makes the metric " + std::string{family} + ", which is one of our own";
  return {};
}

} // namespace pgstatsmon
