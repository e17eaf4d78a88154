// Decoding results, and putting sections together.
#include "actors/backend/block_maker.hpp"

#include "actors/registry/escape.hpp"
#include "actors/registry/number.hpp"
#include "actors/registry/pivot.hpp"
#include "config/labels.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

namespace pgstatsmon {

const column_map& result_shapes::of(size_t query, const PGresult& rows) {
  auto& known = shapes_[query];
  if (known.columns.columns.empty() || !fits(known.columns, rows)) {
    const auto& definition = queries_->queries()[query];
    known.columns = map_columns(definition, rows);
    warn_about(definition, known);
  }
  return known.columns;
}

void result_shapes::warn_about(const query_definition& query, shape& known) const {
  const auto& [columns, labels, values, missing, unknown] = known.columns;
  if ((missing.empty() && unknown.empty()) || !known.reported.insert(columns).second)
    return;
  log_fields fields{.event = log_event::query_mismatch, .query = query.name};
  if (!missing.empty())
    warn_(fields,
          fmt::format("query {}: the result lacks {}", query.name, fmt::join(missing, ", ")));
  if (!unknown.empty())
    warn_(fields, fmt::format("query {}: the result has columns that are not declared: {}",
                              query.name, fmt::join(unknown, ", ")));
}

block_maker::block_maker(catalogue_ptr queries, const backend& target, std::string_view database)
  : queries_{std::move(queries)},
    labels_{target.labels},
    all_databases_{target.databases.on},
    datname_{render_labels({{"datname", std::string{database}}})} {
  // nop
}

void block_maker::relabel(const label_list& labels) {
  labels_ = labels;
  for (auto& [query, own] : memories_) {
    own.doubled = doubles(labels_, queries_->queries()[query], all_databases_);
    if (own.doubled)
      own.shown = own.fresh = nullptr;
  }
}

void block_maker::begin() {
  for (auto& [query, x] : memories_)
    x.fresh = nullptr;
}

block_maker::memory& block_maker::memory_of(size_t query) {
  auto [i, fresh] = memories_.try_emplace(query);
  auto& result = i->second;
  if (fresh) {
    const auto& definition = queries_->queries()[query];
    result.doubled = doubles(labels_, definition, all_databases_);
    if (std::ranges::any_of(definition.metrics, &metric_definition::integral))
      result.sums.emplace(definition);
    if (definition.limit.rows > 0)
      result.limit.emplace(definition, fixed_labels(definition));
  }
  return result;
}

section_ptr block_maker::take(size_t query, const PGresult& rows, result_shapes& shapes,
                              time_point now, decode_report& report) {
  auto& own = memory_of(query);
  if (own.doubled)
    return nullptr;
  const auto& definition = queries_->queries()[query];
  auto turned = definition.pivot ? pivoted(*definition.pivot, rows) : nullptr;
  const auto& cells = turned ? *turned : rows;
  auto section =
    decode(definition, fixed_labels(definition), shapes.of(query, cells), cells, report);
  if (own.sums)
    section = own.sums->add(section, now);
  if (own.limit)
    section = own.limit->keep(section, now);
  return own.fresh = std::make_shared<const pgstatsmon::section>(std::move(section));
}

block_ptr block_maker::finish(const std::vector<bool>& kept) {
  std::vector<section_ptr> sections(queries_->queries().size());
  for (auto& [query, own] : memories_) {
    if (own.fresh || query >= kept.size() || !kept[query])
      own.shown = std::exchange(own.fresh, nullptr);
    sections[query] = own.shown;
  }
  return std::make_shared<const block>(queries_, std::move(sections));
}

void block_maker::each_fresh(
  const std::function<void(const query_definition&, const section&)>& f) const {
  for (const auto& [query, x] : memories_)
    if (x.fresh)
      f(queries_->queries()[query], *x.fresh);
}

std::string_view block_maker::fixed_labels(const query_definition& query) const {
  return has_datname(query, all_databases_) ? datname_ : std::string_view{};
}

void log_samples(const own_log_level& level, const std::string& backend,
                 const query_definition& query, const section& rows) {
  std::array<char, max_number_size> number{};
  for (size_t i = 0; i < rows.rows(); ++i)
    for (size_t j = 0; j < rows.metrics(); ++j)
      if (auto value = rows.value(i, j); !is_absent(value)) {
        auto* end = write_number(number.data(), value);
        log_about(level, spdlog::level::trace, {.backend = backend, .query = query.name},
                  "{}: sample {}{{{}}} {}", backend, query.metrics[j].family, rows.labels(i),
                  std::string_view{number.data(), end});
      }
}

} // namespace pgstatsmon
