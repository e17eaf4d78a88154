// Compares columns by name and type.
#include "config/result_shape.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace pgstatsmon {

namespace {

template <size_t N>
bool is_one_of(const std::array<std::string_view, N>& types, std::string_view type) {
  return std::ranges::find(types, type) != types.end();
}

bool is_number(std::string_view type) {
  constexpr auto types = std::to_array<std::string_view>(
    {"smallint", "integer", "bigint", "numeric", "real", "double precision", "oid"});
  return is_one_of(types, type);
}

bool is_array(std::string_view type) {
  return type.ends_with("[]");
}

/// Types of things that are measured, or that have no one name. As a label each of their values
/// would be a series.
bool is_no_name(std::string_view type) {
  constexpr auto types = std::to_array<std::string_view>(
    {"numeric", "real", "double precision", "money", "interval", "date", "bytea", "json", "jsonb",
     "xml", "record", "point", "tsvector"});
  return is_one_of(types, type) || is_array(type) || type.starts_with("time");
}

/// What a metric expects of its column's type; empty when it is content.
std::string_view expected_instead(sample_source source, std::string_view type) {
  switch (source) {
  case sample_source::row: return {};
  case sample_source::number: return is_number(type) ? "" : "a number";
  case sample_source::state:
    return is_no_name(type) || is_number(type) ? "text" : std::string_view{};
  case sample_source::bucket:
  case sample_source::sum:
  case sample_source::count: break;
  }
  auto fits = is_array(type) && is_number(type.substr(0, type.size() - 2));
  return fits ? "" : "an array of numbers";
}

/// Looks for declared columns in a result, and collects what is wrong.
class comparison {
public:
  /// @param open Columns that nobody asked for are welcome.
  comparison(const std::vector<result_column>& columns, const fault& sql, bool open)
    : columns_{columns}, sql_{sql}, open_{open}, declared_(columns.size()) {}

  /// The type of a column; null, with a fault, when there is no such column.
  const std::string* find(const std::string& name, const fault& place, bool may_lack = false,
                          const std::string& also = {}) {
    auto i = std::ranges::find(columns_, name, &result_column::name);
    if (i == columns_.end() && !also.empty())
      i = std::ranges::find(columns_, also, &result_column::name);
    if (i == columns_.end()) {
      if (!may_lack)
        complain(place, fmt::format("{} is no column of {}", name, sql_.path));
      return nullptr;
    }
    declared_[static_cast<size_t>(i - columns_.begin())] = true;
    return &i->type;
  }

  void expect(std::string_view what, const result_column& instead, const fault& place) {
    complain(place, fmt::format("{} is {} in {}, expected {}", instead.name, instead.type,
                                sql_.path, what));
  }

  /// The faults, those of columns that nobody asked for among them.
  std::vector<fault> end() && {
    for (size_t i = 0; i < columns_.size(); ++i) {
      const auto& name = columns_[i].name;
      auto first = std::ranges::find(columns_, name, &result_column::name);
      if (static_cast<size_t>(first - columns_.begin()) < i)
        complain(sql_, "delivers " + name + " twice");
      else if (!declared_[i] && !open_)
        complain(sql_, "delivers " + name + ", which is neither a label nor a metric");
    }
    return std::move(faults_);
  }

private:
  void complain(const fault& place, std::string what) {
    faults_.push_back({place.line, place.column, place.path, std::move(what)});
  }

  const std::vector<result_column>& columns_;
  const fault& sql_;
  bool open_;
  std::vector<bool> declared_;
  std::vector<fault> faults_;
};

} // namespace

std::vector<fault> shape_faults(const located_definition& of, size_t variant,
                                const std::vector<result_column>& columns, int32_t version) {
  const auto& query = of.query;
  comparison result{columns, of.sql_places.at(variant),
                    query.events || query.kind == backend_kind::pgbouncer};
  for (size_t i = 0; query.events && i < query.events->key.size(); ++i)
    result.find(query.events->key[i], of.key_places.at(i));
  for (size_t i = 0; i < query.labels.size(); ++i)
    if (const auto* type = result.find(query.labels[i], of.label_places.at(i)))
      if (is_no_name(*type))
        result.expect("text", {query.labels[i], *type}, of.label_places[i]);
  for (size_t i = 0; i < query.metrics.size(); ++i) {
    const auto& metric = query.metrics[i];
    if (!metric.leads || metric.source == sample_source::row)
      continue;
    auto may_lack = version < metric.from || (metric.until != 0 && version >= metric.until);
    if (const auto* type =
          result.find(metric.column, of.metric_places.at(i), may_lack, metric.also))
      if (auto wanted = expected_instead(metric.source, *type); !wanted.empty())
        result.expect(wanted, {metric.column, *type}, of.metric_places[i]);
  }
  return std::move(result).end();
}

} // namespace pgstatsmon
