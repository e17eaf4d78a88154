// The QUERY: collects the sections of a poll, and publishes them as one block when it is over.
#include "actors/backend/query.hpp"

#include "actors/registry/escape.hpp"
#include "actors/registry/number.hpp"
#include "actors/trace_points.hpp"
#include "config/labels.hpp"

#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <array>
#include <utility>

namespace pgstatsmon {

namespace {

void log_section(const own_log_level& level, const std::string& backend,
                 const query_definition& query, const section& rows) {
  std::array<char, max_number_size> number{};
  for (size_t i = 0; i < rows.rows(); ++i)
    for (size_t j = 0; j < rows.metrics(); ++j)
      if (auto x = rows.value(i, j); !is_absent(x)) {
        auto* end = write_number(number.data(), x);
        log_about(level, spdlog::level::trace, "{}: sample {}{{{}}} {}", backend,
                  query.metrics[j].family, rows.labels(i), std::string_view{number.data(), end});
      }
}

/// Shows the standbys to those who watch, if this query knows them.
void trace_replication(const std::string& backend, const query_definition& query,
                       const section& rows) {
  if (query.name != "pg_stat_replication")
    return;
  auto position = [&](size_t row, std::string_view column) -> int64_t {
    for (size_t i = 0; i < rows.metrics(); ++i)
      if (auto x = rows.value(row, i); query.metrics[i].column == column && x >= 0 && x < 0x1p63)
        return static_cast<int64_t>(x);
    return -1;
  };
  for (size_t i = 0; i < rows.rows(); ++i)
    trace::replication(backend, std::string{rows.labels(i)},
                       {position(i, "wal_sent"), position(i, "replica_wal_written"),
                        position(i, "replica_wal_flushed"), position(i, "replica_wal_replayed")});
}

} // namespace

bool query_state::enter(uint64_t number) {
  if (number > poll) {
    poll = number;
    under_way = true;
    for (auto& x : memories)
      x.fresh = nullptr;
  }
  return number == poll && under_way;
}

void query_state::take(const query_result& x) {
  if (x.query >= memories.size() || !enter(x.poll) || memories[x.query].doubled)
    return;
  decode_report report;
  const auto& query = metrics->queries()->queries()[x.query];
  auto& of = memories[x.query];
  auto rows = decode(query, fixed_labels(query), columns_of(x.query, *x.rows), *x.rows, report);
  if (of.limit)
    rows = of.limit->keep(rows, self->clock().now());
  of.fresh = std::make_shared<const section>(std::move(rows));
  count(x.query, report);
  if (trace::replication_is_watched()) [[unlikely]]
    trace_replication(backend, query, *of.fresh);
}

void query_state::finish(const poll_finished& x) {
  if (!enter(x.poll))
    return;
  under_way = false;
  if (x.publish)
    publish(x.kept);
}

std::string_view query_state::fixed_labels(const query_definition& query) const {
  return query.datname ? datname : std::string_view{};
}

const column_map& query_state::columns_of(size_t query, const PGresult& rows) {
  auto& of = memories[query];
  if (of.columns.columns.empty() || !fits(of.columns, rows)) {
    const auto& definition = metrics->queries()->queries()[query];
    of.columns = map_columns(definition, rows);
    warn_about(definition, of);
  }
  return of.columns;
}

void query_state::warn_about(const query_definition& query, memory& of) {
  const auto& [columns, labels, values, missing, unknown] = of.columns;
  if ((missing.empty() && unknown.empty()) || !of.reported.insert(columns).second)
    return;
  if (!missing.empty())
    spdlog::warn("{}: query {}: the result lacks {}", backend, query.name,
                 fmt::join(missing, ", "));
  if (!unknown.empty())
    spdlog::warn("{}: query {}: the result has columns that are not declared: {}", backend,
                 query.name, fmt::join(unknown, ", "));
}

void query_state::count(size_t query, const decode_report& report) {
  auto& to = metrics->query(query);
  to.duplicates.fetch_add(report.duplicates, std::memory_order_relaxed);
  for (size_t i = 0; i < report.not_a_number.size(); ++i)
    if (auto bad = report.not_a_number[i]; bad > 0) {
      to.nan[i].fetch_add(bad, std::memory_order_relaxed);
      trace::bad_value(backend, metrics->queries()->queries()[query].name, bad);
    }
}

void query_state::publish(const std::vector<bool>& kept) {
  const auto& queries = metrics->queries();
  auto logged = is_logged(metrics->log_level, spdlog::level::trace);
  std::vector<section_ptr> sections;
  sections.reserve(memories.size());
  for (size_t i = 0; i < memories.size(); ++i) {
    auto& of = memories[i];
    if (logged && of.fresh)
      log_section(metrics->log_level, backend, queries->queries()[i], *of.fresh);
    if (of.fresh || i >= kept.size() || !kept[i])
      of.shown = std::exchange(of.fresh, nullptr);
    sections.push_back(of.shown);
  }
  auto samples = std::make_shared<const block>(queries, std::move(sections));
  metrics->series.store(samples->series(), std::memory_order_relaxed);
  self->send(registry, backend_samples{life, std::move(samples)});
}

query_actor::behavior_type query(observed_ptr<query_actor, query_state> self,
                                 registry_actor registry, const backend& of, incarnation life,
                                 metrics_ptr metrics) {
  self->is_for(of.name);
  self->state.registry = std::move(registry);
  self->state.backend = of.name;
  self->state.life = life;
  self->state.datname = render_labels({{"datname", of.database}});
  for (const auto& x : metrics->queries()->queries()) {
    auto& to = self->state.memories.emplace_back();
    to.doubled = doubles(of.labels, x);
    if (x.limit.rows > 0)
      to.limit.emplace(x, self->state.fixed_labels(x));
  }
  self->state.metrics = std::move(metrics);
  return {
    [self](query_result& x) { self->state.take(x); },
    [self](poll_finished& x) { self->state.finish(x); },
  };
}

} // namespace pgstatsmon
