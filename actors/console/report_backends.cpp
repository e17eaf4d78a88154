// `backends` and `top`.
#include "actors/console/reports.hpp"
#include "actors/registry/families.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace pgstatsmon {

namespace {

/// What makes a backend worse than another: the larger one is worse.
using badness = std::tuple<bool, caf::timespan, caf::timespan>;

caf::timespan age_of(const entry& x, const look_time& now) {
  auto good = x.metrics->last_success.load(std::memory_order_relaxed);
  // Who never answered is older than everyone who did.
  return good > 0 ? now.since(good) : caf::timespan::max();
}

caf::timespan last_poll_of(const entry& x) {
  auto poll = x.metrics->history.last_poll();
  return poll == nullptr ? caf::timespan{0} : poll->duration;
}

badness badness_of(const entry& x, const look_time& now) {
  const auto& m = *x.metrics;
  auto fails = !x.up() || m.last_failure.load(std::memory_order_relaxed) != failure::none;
  // Ages differ by when in the tick a backend's turn was: to the second they are the same.
  auto age = std::chrono::floor<std::chrono::seconds>(age_of(x, now));
  return {fails, age, last_poll_of(x)};
}

cell next_poll(const entry& x, const vital_signs& signs, const look_time& now) {
  if (x.metrics->paused.load(std::memory_order_relaxed))
    return {.text = "paused", .json = nullptr};
  return span(std::max(signs.next_tick() - now.steady, caf::timespan{0}));
}

std::vector<cell> row_of(const entry& x, const vital_signs& signs, const look_time& now) {
  const auto& m = *x.metrics;
  auto good = m.last_success.load(std::memory_order_relaxed);
  auto poll = m.history.last_poll();
  auto failed = m.last_failure.load(std::memory_order_relaxed);
  return {words(x.value.name),
          truth(x.up()),
          words(to_string_view(m.state.load(std::memory_order_relaxed))),
          span(now.since(m.history.since())),
          words(to_string_view(m.role.load(std::memory_order_relaxed))),
          words(version_text(m.server_version.load(std::memory_order_relaxed))),
          good > 0 ? span(now.since(good)) : none(),
          poll == nullptr ? none() : span(poll->duration),
          count(m.series.load(std::memory_order_relaxed)),
          failed == failure::none ? none() : words(to_string_view(failed)),
          next_poll(x, signs, now)};
}

table empty_table() {
  return {{},
          "backends",
          {{"backend", "backend"},
           {"up", "up"},
           {"state", "state"},
           number_column("for", "state_seconds"),
           {"role", "role"},
           {"version", "version"},
           number_column("age", "age_seconds"),
           number_column("poll", "poll_seconds"),
           number_column("series", "series"),
           {"failure", "failure"},
           number_column("next", "next_poll_seconds")}};
}

} // namespace

report backends_report(const entry_list& backends, const vital_signs& signs, const look_time& now) {
  auto result = empty_table();
  result.rows.reserve(backends.size());
  for (const auto& x : backends)
    result.rows.push_back(row_of(*x, signs, now));
  return {std::move(result)};
}

std::string backends_json(const entry_list& backends, const vital_signs& signs,
                          const look_time& now) {
  std::string result = "[";
  for (const auto& x : backends) {
    result += result.size() > 1 ? "," : "";
    result += to_json_text(summary_report(*x, signs, now));
    result.pop_back(); // its newline
  }
  return result + "]\n";
}

report top_report(const entry_list& backends, const vital_signs& signs, const look_time& now,
                  size_t rows) {
  std::vector<std::pair<badness, const entry*>> order;
  order.reserve(backends.size());
  uint64_t up = 0;
  uint64_t polling = 0;
  uint64_t paused = 0;
  uint64_t series = 0;
  for (const auto& x : backends) {
    const auto& m = *x->metrics;
    order.emplace_back(badness_of(*x, now), x.get());
    up += x->up() ? 1 : 0;
    polling += m.state.load(std::memory_order_relaxed) == backend_state::polling ? 1 : 0;
    paused += m.paused.load(std::memory_order_relaxed) ? 1 : 0;
    series += m.series.load(std::memory_order_relaxed);
  }
  auto is_worse = [](const auto& a, const auto& b) { return a.first > b.first; };
  auto shown = std::min(rows, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<int64_t>(shown), order.end(),
                    is_worse);
  fact_list facts{{{"backends", "known", count(backends.size())},
                   {"up", "up", count(up)},
                   {"polling", "polling", count(polling)},
                   {"paused", "paused", count(paused)},
                   {"series", "series", count(series)},
                   {"next tick", "next_tick_seconds",
                    span(std::max(signs.next_tick() - now.steady, caf::timespan{0}))},
                   {"heartbeat", "heartbeat_age_seconds", span(now.since(signs.last_beat()))}}};
  auto worst = empty_table();
  worst.title = shown < backends.size() ? fmt::format("the worst {}", shown) : std::string{};
  for (size_t i = 0; i < shown; ++i)
    worst.rows.push_back(row_of(*order[i].second, signs, now));
  return {std::move(facts), std::move(worst)};
}

entry_ptr find_backend(const entry_list& backends, std::string_view name) {
  auto i = std::ranges::find_if(backends, [&](const auto& x) { return x->value.name == name; });
  return i == backends.end() ? nullptr : *i;
}

} // namespace pgstatsmon
