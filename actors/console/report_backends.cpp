// `backends`, and one of them by its name.
#include "actors/console/backend_row.hpp"
#include "actors/console/reports.hpp"
#include "actors/console/vital_cells.hpp"
#include "actors/registry/families.hpp"
#include "actors/seconds.hpp"
#include "config/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgstatsmon {

namespace {

/// In a column whose cells compare at a glance.
cell age(caf::timespan x) {
  return {short_seconds(seconds_of(x)).text, seconds_of(x)};
}

cell next_poll(const entry& x, const look_time& now) {
  if (x.metrics->paused.load(std::memory_order_relaxed))
    return {.text = "paused", .json = nullptr};
  return age(std::max(x.metrics->next_due.load() - now.steady, caf::timespan{0}));
}

/// Who is paused is that before all.
cell state_of(const entry& x) {
  auto result = words(to_string_view(x.metrics->state.load(std::memory_order_relaxed)));
  if (x.metrics->paused.load(std::memory_order_relaxed))
    result.text = "paused";
  return result;
}

} // namespace

cell address_cell(const backend& x) {
  auto form = x.address.find(':') == std::string::npos ? "{}:{}" : "[{}]:{}";
  return {one_line(fmt::format(fmt::runtime(form), x.address, x.port)), x.address};
}

cell labels_cell(const backend& x) {
  std::string text;
  auto json = nlohmann::ordered_json::object();
  for (const auto& [name, value] : x.labels) {
    text += fmt::format("{}{}={}", text.empty() ? "" : ", ", name, value);
    json[name] = value;
  }
  return {text.empty() ? "-" : one_line(text), std::move(json)};
}

std::vector<cell> backend_row(const entry& x, const look_time& now) {
  const auto& m = *x.metrics;
  auto good = m.last_success.load(std::memory_order_relaxed);
  auto poll = m.history.last_poll();
  auto failed = m.last_failure.load(std::memory_order_relaxed);
  return {words(x.value.name),
          truth(x.up()),
          state_of(x),
          age(now.since(m.history.since())),
          words(to_string_view(m.role.load(std::memory_order_relaxed))),
          words(version_text(m.server_version.load(std::memory_order_relaxed))),
          good > 0 ? age(now.since(good)) : none(),
          poll == nullptr ? none() : short_poll(poll->duration),
          count(m.series.load(std::memory_order_relaxed)),
          failed == failure::none ? none() : words(to_string_view(failed)),
          next_poll(x, now),
          address_cell(x.value),
          {std::to_string(x.value.port), x.value.port},
          words(x.value.database),
          words(x.value.source),
          labels_cell(x.value)};
}

table backends_table() {
  return {{},
          "backends",
          {{"backend", "backend"},
           text_column("up", "up", 5),
           {"state", "state"},
           number_column("for", "state_seconds", 8),
           {"role", "role"},
           text_column("version", "version", 4),
           number_column("age", "age_seconds"),
           number_column("poll", "poll_seconds", 6),
           number_column("series", "series", 7),
           {"failure", "failure"},
           number_column("next", "next_poll_seconds", 9),
           text_column("address", "address", 1),
           {.title = {}, .key = "port", .shown = false},
           text_column("database", "database", 2),
           text_column("source", "source", 7),
           text_column("labels", "labels", 3)}};
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
