// `top`: the worst backends, how they are and how we are with them.
#include "actors/console/backend_row.hpp"
#include "actors/console/reports.hpp"
#include "actors/console/vital_cells.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

namespace pgstatsmon {

namespace {

/// What makes a backend worse than another: the larger one is worse.
using badness = std::tuple<bool, bool, double, caf::timespan, caf::timespan>;

/// What is wrong with places in clusters, by the names of backends.
using places = std::map<std::string, std::string_view, std::less<>>;

caf::timespan age_of(const entry& x, const look_time& now) {
  auto good = x.metrics->last_success.load(std::memory_order_relaxed);
  // Who never answered is older than everyone who did.
  return good > 0 ? now.since(good) : caf::timespan::max();
}

caf::timespan last_poll_of(const entry& x) {
  auto poll = x.metrics->history.last_poll();
  return poll == nullptr ? caf::timespan{0} : poll->duration;
}

badness badness_of(const entry& x, const places& wrong, const look_time& now) {
  const auto& m = *x.metrics;
  auto fails = !x.up() || m.last_failure.load(std::memory_order_relaxed) != failure::none;
  // Within its interval a backend's age says only when its turn was; to the second beyond that,
  // those that are late together are the same.
  auto late =
    std::max(age_of(x, now) - m.interval.load(std::memory_order_relaxed), caf::timespan{0});
  auto vitals = vitals_now(x);
  auto waiting =
    vitals.has(vital_sign::sessions_waiting) ? vitals[vital_sign::sessions_waiting] : 0;
  return {fails, wrong.contains(x.value.name), waiting,
          std::chrono::floor<std::chrono::seconds>(late), last_poll_of(x)};
}

/// In a word: the role of one that works, else what is wrong with it.
cell what_it_is(const entry& x, const places& wrong) {
  const auto& m = *x.metrics;
  auto failed = m.last_failure.load(std::memory_order_relaxed);
  std::string_view word = to_string_view(m.role.load(std::memory_order_relaxed));
  if (m.paused.load(std::memory_order_relaxed))
    word = "paused";
  else if (failed != failure::none)
    word = to_string_view(failed);
  else if (!x.up())
    word = to_string_view(m.state.load(std::memory_order_relaxed));
  else if (auto setup = m.setup.load(std::memory_order_relaxed);
           setup == setup_state::disabled || setup == setup_state::failed)
    word = "no rights";
  else if (auto place = wrong.find(x.value.name); place != wrong.end())
    word = place->second;
  return {std::string{word}, nlohmann::ordered_json::value_t::discarded};
}

/// What each sign is called in a narrow column.
struct shown_sign {
  vital_sign sign;
  const char* title;
};

constexpr std::array<shown_sign, 6> shown_signs{{
  {vital_sign::transactions, "tx/s"},
  {vital_sign::sessions_active, "act"},
  {vital_sign::sessions_waiting, "wait"},
  {vital_sign::sessions_idle_in_transaction, "idle"},
  {vital_sign::lag, "lag"},
  {vital_sign::oldest_transaction, "xact"},
}};

/// Where what `backends` has ends: the vital signs stand before what tells where a server is.
constexpr std::string_view first_behind = "address";

/// What `backends` has stands in the JSON; for people there are the name, the age, the poll and,
/// where there is room, what tells where it is.
table empty_table() {
  auto result = backends_table();
  for (auto& x : result.columns) {
    auto stays = x.key == "backend" || x.key == "age_seconds" || x.key == "poll_seconds";
    auto where = x.key == "address" || x.key == "database" || x.key == "labels";
    x.shown = stays || where;
    x.drop = where ? x.drop : 0;
  }
  result.columns.insert(result.columns.begin() + 1, {"is", "is"});
  auto behind = std::ranges::find(result.columns, first_behind, &column::key);
  for (const auto& [sign, title] : shown_signs)
    behind = std::next(result.columns.insert(
      behind, number_column(title, std::string{all_vital_signs[index_of(sign)].name})));
  return result;
}

std::vector<cell> row_of(const entry& x, const places& wrong, const look_time& now) {
  auto result = backend_row(x, now);
  const auto columns = backends_table().columns;
  auto behind = std::ranges::find(columns, first_behind, &column::key) - columns.begin();
  auto vitals = vitals_now(x);
  for (const auto& each : shown_signs) {
    auto is_time = all_vital_signs[index_of(each.sign)].unit == vital_unit::seconds;
    result.insert(result.begin() + behind++,
                  is_time ? short_seconds(vitals[each.sign]) : short_number(vitals[each.sign]));
  }
  result.insert(result.begin() + 1, what_it_is(x, wrong));
  return result;
}

} // namespace

std::vector<column> listed_columns() {
  return empty_table().columns;
}

report top_report(const entry_list& backends, const fleet_view& fleet, const heartbeat& pulse,
                  const look_time& now, size_t rows, bool in_order) {
  auto wrong = misplaced(fleet);
  std::vector<std::pair<badness, const entry*>> order;
  order.reserve(backends.size());
  uint64_t up = 0;
  uint64_t polling = 0;
  uint64_t paused = 0;
  uint64_t series = 0;
  for (const auto& x : backends) {
    const auto& m = *x->metrics;
    order.emplace_back(badness_of(*x, wrong, now), x.get());
    up += x->up() ? 1 : 0;
    polling += m.state.load(std::memory_order_relaxed) == backend_state::polling ? 1 : 0;
    paused += m.paused.load(std::memory_order_relaxed) ? 1 : 0;
    series += m.series.load(std::memory_order_relaxed);
  }
  auto is_worse = [](const auto& a, const auto& b) { return a.first > b.first; };
  auto shown = std::min(rows, order.size());
  if (!in_order)
    std::partial_sort(order.begin(), order.begin() + static_cast<int64_t>(shown), order.end(),
                      is_worse);
  fact_list facts{{{"backends", "known", count(backends.size())},
                   {"up", "up", count(up)},
                   {"polling", "polling", count(polling)},
                   {"paused", "paused", count(paused)},
                   {"series", "series", count(series)},
                   {"next tick", "next_tick_seconds",
                    span(std::max(pulse.next_tick() - now.steady, caf::timespan{0}))},
                   {"heartbeat", "heartbeat_age_seconds", span(now.since(pulse.last_beat()))}}};
  auto worst = empty_table();
  worst.title = shown < backends.size()
                  ? fmt::format("the {} {}", in_order ? "first" : "worst", shown)
                  : std::string{};
  for (size_t i = 0; i < shown; ++i)
    worst.rows.push_back(row_of(*order[i].second, wrong, now));
  return {std::move(facts), std::move(worst)};
}

} // namespace pgstatsmon
