// Which vital signs a metric is part of, and which of its rows count.
#include "config/definition_parts.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgstatsmon {

namespace {

using kind = document_node::kind;
using joining = vital_part::joining;

constexpr double max_otherwise = 1e15;

const vital_sign_definition& definition_of(vital_sign x) {
  return all_vital_signs[index_of(x)];
}

std::optional<vital_sign> parse_sign(const value& x) {
  std::vector<std::pair<std::string_view, vital_sign>> words;
  for (const auto& y : all_vital_signs)
    words.emplace_back(y.name, y.sign);
  return choice(std::move(words))(x);
}

/// A label's value as it is in a block, where nothing had to be escaped.
void read_values(const value& self, label_condition& x) {
  auto read = [&](const value& item) {
    auto text = item.given() ? parse_text(item) : std::nullopt;
    if (text && text->find_first_of("\"\\") != std::string::npos)
      item.complain("has a quote or a backslash, expected plain text");
    else if (text)
      x.values.push_back(std::move(*text));
  };
  if (self.given() && self.node().type == kind::list)
    self.each(read);
  else
    read(self);
  if (self.given() && x.values.empty())
    self.complain("is empty, expected a label's value or a list of some");
}

void read_where(const value& self, vital_part& x, const query_definition& query) {
  self.each_entry([&](std::string_view name, const value& item) {
    auto found = std::ranges::find(query.labels, name);
    if (found == query.labels.end() && !self.run().describing)
      return item.complain("is no label of the query");
    label_condition condition{static_cast<size_t>(found - query.labels.begin()), {}};
    read_values(item, condition);
    x.where.push_back(std::move(condition));
  });
}

/// Whether two parts of one sign can be put together.
bool agree(const vital_part& a, const vital_part& b) {
  return a.sign != b.sign || (a.rows == b.rows && a.otherwise == b.otherwise);
}

void check_part(const value& self, const vital_part& part, const metric_definition& metric,
                const query_definition& query) {
  const auto& sign = definition_of(part.sign);
  if (sign.counter != (metric.type == metric_type::counter))
    self.complain(
      fmt::format("needs a {}, as {} is one", sign.counter ? "counter" : "gauge", sign.name));
  auto disagrees = [&](const vital_part& x) { return !agree(x, part); };
  if (std::ranges::any_of(metric.vitals, disagrees)
      || std::ranges::any_of(
        query.metrics, [&](const auto& x) { return std::ranges::any_of(x.vitals, disagrees); }))
    self.complain(
      fmt::format("has other rows or otherwise than another part of {} has", sign.name));
}

void read_part(const value& self, metric_definition& metric, located_definition& to) {
  vital_part part;
  auto faults = self.run().faults.size();
  auto place = self;
  if (self.given() && self.node().type == kind::string) {
    self.read(part.sign, parse_sign);
  } else {
    fields s{self};
    place = s.get("name").require(part.sign, "a vital sign", parse_sign);
    read_where(s.get("where"), part, to.query);
    s.get("rows").read(part.rows, choice<joining>({{"sum", joining::sum}, {"max", joining::max}}));
    s.get("otherwise").read(part.otherwise, [](const value& x) {
      return parse_number(x, -max_otherwise, max_otherwise);
    });
  }
  if (self.run().faults.size() != faults || !self.given())
    return;
  check_part(self, part, metric, to.query);
  auto name = std::string{to.query.kind == backend_kind::pgbouncer ? "pgbouncer's " : ""}
              + "vital sign " + std::string{definition_of(part.sign).name};
  if (std::ranges::find(to.signs, name, &std::pair<std::string, fault>::first) == to.signs.end())
    to.signs.emplace_back(std::move(name), place_of(place));
  metric.vitals.push_back(std::move(part));
}

} // namespace

void read_vitals(const value& self, metric_definition& x, located_definition& to) {
  self.describe();
  if (!self.given()) {
    if (self.run().describing)
      read_part(self, x, to);
    return;
  }
  if (to.query.scope == query_scope::database)
    self.complain("is of a server, expected none with scope: database");
  if (x.exporter && x.exporter->scale != x.scale)
    self.complain("needs one scale, exporter has another");
  if (self.node().type == kind::list)
    self.each([&](const value& item) { read_part(item, x, to); });
  else
    read_part(self, x, to);
}

} // namespace pgstatsmon
