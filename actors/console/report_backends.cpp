// `backends`, and one of them by its name.
#include "actors/console/backend_row.hpp"
#include "actors/console/reports.hpp"
#include "actors/registry/families.hpp"

#include <algorithm>

namespace pgstatsmon {

namespace {

cell next_poll(const entry& x, const look_time& now) {
  if (x.metrics->paused.load(std::memory_order_relaxed))
    return {.text = "paused", .json = nullptr};
  return span(std::max(x.metrics->next_due.load() - now.steady, caf::timespan{0}));
}

} // namespace

std::vector<cell> backend_row(const entry& x, const look_time& now) {
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
          next_poll(x, now)};
}

table backends_table() {
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

report backends_report(const entry_list& backends, const look_time& now) {
  auto result = backends_table();
  result.rows.reserve(backends.size());
  for (const auto& x : backends)
    result.rows.push_back(backend_row(*x, now));
  return {std::move(result)};
}

std::string backends_json(const entry_list& backends, const look_time& now) {
  std::string result = "[";
  for (const auto& x : backends) {
    result += result.size() > 1 ? "," : "";
    result += to_json_text(summary_report(*x, now));
    result.pop_back(); // its newline
  }
  return result + "]\n";
}

entry_ptr find_backend(const entry_list& backends, std::string_view name) {
  auto i = std::ranges::find_if(backends, [&](const auto& x) { return x->value.name == name; });
  return i == backends.end() ? nullptr : *i;
}

} // namespace pgstatsmon
