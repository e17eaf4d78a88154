// The metrics of a definition: columns, and the samples that are made of them.
#include "config/definition_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

namespace pgstatsmon {

namespace {

constexpr size_t max_buckets = 64;
constexpr size_t max_states = 64;

/// What `type` says; what of it Prometheus gets to know is metric_type.
enum class written_type : uint8_t { counter, gauge, info, histogram, stateset };

constexpr double min_number = -1e15;
constexpr double max_number = 1e15;

std::optional<double> parse_factor(const value& x) {
  auto result = parse_number(x, min_number, max_number);
  if (result && *result == 0) {
    x.complain("is 0, expected a factor");
    return std::nullopt;
  }
  return result;
}

auto parse_plain_type() {
  return choice<metric_type>({{"counter", metric_type::counter}, {"gauge", metric_type::gauge}});
}

void read_exporter(const value& self, metric_definition& metric) {
  if (!self.given() && !self.run().describing)
    return;
  exporter_name x{.family = {}, .type = metric.type, .scale = metric.scale};
  fields s{self};
  s.get("family").require(x.family, "the family's name", parse_name);
  s.get("type").read(x.type, parse_plain_type());
  s.get("scale").read(x.scale, parse_factor);
  metric.exporter = std::move(x);
}

std::vector<double> read_buckets(const value& self) {
  std::vector<double> result;
  self.each([&](const value& item) {
    auto bound = item.given() ? parse_number(item, min_number, max_number) : std::nullopt;
    if (bound && !result.empty() && *bound <= result.back())
      item.complain("is not above the one before it");
    else if (bound)
      result.push_back(*bound);
  });
  return result;
}

std::vector<std::string> read_states(const value& self) {
  std::vector<std::string> result;
  self.each([&](const value& item) {
    auto state = item.given() ? parse_word(item) : std::nullopt;
    if (state && state->find_first_of("\"\\") != std::string::npos)
      item.complain("has a quote or a backslash, expected a word");
    else if (state && std::ranges::find(result, *state) != result.end())
      item.complain("is given twice");
    else if (state)
      result.push_back(std::move(*state));
  });
  return result;
}

/// Adds the samples of one metric after another; the first of them leads.
class sample_list {
public:
  sample_list(const metric_definition& like, located_definition& to) : like_{like}, to_{to} {}

  void add(sample_source source, std::string suffix, std::string label, double bound = 0,
           std::string state = {}) {
    auto x = like_;
    x.source = source;
    x.suffix = std::move(suffix);
    x.label = std::move(label);
    x.bound = bound;
    x.state = std::move(state);
    x.leads = std::exchange(first_, false);
    to_.query.metrics.push_back(std::move(x));
  }

private:
  const metric_definition& like_;
  located_definition& to_;
  bool first_ = true;
};

void add_histogram(const metric_definition& like, const value& buckets, located_definition& to) {
  auto bounds = read_buckets(buckets);
  if (bounds.empty() || bounds.size() > max_buckets) {
    buckets.complain(
      fmt::format("has {} bounds, expected 1 to {}, ascending", bounds.size(), max_buckets));
    return;
  }
  sample_list samples{like, to};
  for (auto bound : bounds)
    samples.add(sample_source::bucket, "_bucket", fmt::format(R"(le="{}")", bound), bound);
  samples.add(sample_source::bucket, "_bucket", R"(le="+Inf")",
              std::numeric_limits<double>::infinity());
  samples.add(sample_source::sum, "_sum", {});
  samples.add(sample_source::count, "_count", {});
}

void add_states(const metric_definition& like, const value& column, const value& states,
                located_definition& to) {
  auto label = column.given() ? parse_label(column) : std::nullopt;
  auto names = read_states(states);
  if (names.empty() || names.size() > max_states)
    states.complain(fmt::format("has {} states, expected 1 to {}", names.size(), max_states));
  if (!label)
    return;
  sample_list samples{like, to};
  for (auto& name : names) {
    auto text = fmt::format(R"({}="{}")", *label, name);
    samples.add(sample_source::state, {}, std::move(text), 0, std::move(name));
  }
}

/// Columns that not every version of pgbouncer has. SQL for PostgreSQL names its columns itself.
void read_presence(fields& s, metric_definition& x, backend_kind kind) {
  auto also = s.get("also").read(x.also, parse_name);
  auto from = s.get("from").read(x.from, parse_version);
  auto until = s.get("until").read(x.until, parse_version);
  for (const auto* each : {&also, &from, &until})
    if (each->given() && kind != backend_kind::pgbouncer)
      each->complain("is for kind: pgbouncer only, elsewhere the SQL names its columns");
  if (x.until != 0 && x.until <= x.from)
    until.complain("is not above from, expected the first version that no longer has the column");
}

void claim(const std::string& family, const value& column, located_definition& to) {
  if (auto what = family_fault(family); !what.empty())
    column.complain(what);
  to.families.emplace_back(family, place_of(column));
}

void claim_all(const metric_definition& x, const value& column, located_definition& to) {
  claim(x.family, column, to);
  if (x.type == metric_type::histogram)
    for (const auto* suffix : {"_bucket", "_sum", "_count"})
      claim(x.family + suffix, column, to);
  if (x.exporter && x.exporter->family != x.family)
    claim(x.exporter->family, column, to);
}

} // namespace

std::optional<duplicate_rule> parse_rule(const value& x) {
  using rule = duplicate_rule;
  return choice<rule>(
    {{"first", rule::first}, {"min", rule::min}, {"max", rule::max}, {"sum", rule::sum}})(x);
}

void read_metric(const value& self, duplicate_rule common, located_definition& to) {
  using type = written_type;
  metric_definition metric;
  metric.duplicates = common;
  std::string unit;
  auto written = type::gauge;
  fields s{self};
  auto column = s.get("column").require(metric.column, "a column of the SQL's result", parse_name);
  s.get("type").require(written, "counter or gauge",
                        choice<type>({{"counter", type::counter},
                                      {"gauge", type::gauge},
                                      {"info", type::info},
                                      {"histogram", type::histogram},
                                      {"stateset", type::stateset}}));
  s.get("unit").read(unit, parse_name);
  s.get("scale").read(metric.scale, parse_factor);
  s.get("duplicates").read(metric.duplicates, parse_rule);
  s.get("help").require(metric.help, "a sentence", parse_word);
  read_presence(s, metric, to.query.kind);
  metric.family = to.query.name + '_' + metric.column + (unit.empty() ? "" : '_' + unit);
  s.get("family").read(metric.family, parse_name);
  metric.type = written == type::counter     ? metric_type::counter
                : written == type::histogram ? metric_type::histogram
                                             : metric_type::gauge;
  auto buckets = s.get("buckets");
  auto states = s.get("states");
  buckets.describe();
  states.describe();
  read_exporter(s.get("exporter"), metric);
  auto integral = s.get("integral").read(metric.integral, parse_boolean);
  auto vital = s.get("vital");
  if (std::ranges::find(to.query.labels, metric.column) != to.query.labels.end())
    column.complain("is a label already");
  if (buckets.given() && written != type::histogram)
    buckets.complain("is for a histogram only");
  if (states.given() && written != type::stateset)
    states.complain("is for a stateset only");
  if (metric.exporter && (written == type::histogram || written == type::stateset))
    s.get("exporter").complain("is for a metric of one sample only");
  if (metric.integral && written != type::counter)
    integral.complain("is for a counter only, which grows as long as the column is above 0");
  auto of_one = written == type::counter || written == type::gauge;
  if (vital.given() && !of_one)
    vital.complain("is for a counter or a gauge only");
  else if (of_one)
    read_vitals(vital, metric, to);
  claim_all(metric, column, to);
  switch (written) {
  case type::histogram: add_histogram(metric, buckets, to); break;
  case type::stateset: add_states(metric, column, states, to); break;
  case type::info: metric.source = sample_source::row; [[fallthrough]];
  default: to.query.metrics.push_back(std::move(metric));
  }
  to.metric_places.resize(to.query.metrics.size(), place_of(column));
}

namespace {

/// The metric that a column of a counter or a gauge makes.
std::optional<size_t> number_of(const std::string& column, const value& at,
                                const query_definition& x) {
  auto found = std::ranges::find_if(x.metrics, [&](const auto& y) {
    return y.column == column && y.source == sample_source::number;
  });
  if (found != x.metrics.end())
    return static_cast<size_t>(found - x.metrics.begin());
  at.complain("is no column of a counter or a gauge");
  return std::nullopt;
}

} // namespace

void read_limit(fields& s, query_definition& x) {
  std::string by;
  auto rows = s.get("max_rows").read(x.limit.rows, integer<uint32_t>(1, 1'000'000));
  auto column = s.get("by").read(by, parse_name);
  using rank = row_limit::rank;
  auto order = s.get("rank").read(x.limit.order,
                                  choice<rank>({{"value", rank::value}, {"growth", rank::growth}}));
  auto other = s.get("other").read(x.limit.other, parse_boolean);
  if (!rows.given()) {
    for (const auto* each : {&column, &order, &other})
      if (each->given())
        each->complain("says which rows are kept, expected max_rows with it");
    return;
  }
  if (by.empty()) {
    rows.complain("keeps some of the rows, expected by with it: the column that ranks them");
    return;
  }
  if (auto found = number_of(by, column, x))
    x.limit.by = *found;
}

void read_replication(fields& s, query_definition& x) {
  std::vector<size_t> found;
  auto faulty = false;
  auto columns = s.get("replication");
  columns.each([&](const value& item) {
    std::string column;
    item.require(column, "a column", parse_name);
    auto i = column.empty() ? std::nullopt : number_of(column, item, x);
    faulty = faulty || !i;
    found.push_back(i.value_or(0));
  });
  if (!columns.given() || faulty)
    return;
  if (std::array<size_t, 4> all{}; found.size() != all.size()) {
    columns.complain("names some columns, expected four: sent, written, flushed, replayed");
  } else {
    std::ranges::copy(found, all.begin());
    x.replication = all;
  }
}

void read_needs(const value& self, std::vector<need>& x) {
  self.describe();
  auto read = [&](const value& item) {
    auto text = parse_word(item);
    auto result = text ? parse_need(*text) : std::nullopt;
    if (text && !result)
      item.complain("is no need, expected functions, extension NAME [>= VERSION], setting NAME = "
                    "VALUE, right ROLE, right select RELATION or right execute FUNCTION(TYPES)");
    else if (result)
      x.push_back(std::move(*result));
  };
  if (self.given() && self.node().type == document_node::kind::string)
    read(self);
  else if (self.given())
    self.each(read);
}

} // namespace pgstatsmon
