// The facts of a line of the log as JSON.
#include "config/log_fields.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>

namespace pgstatsmon {

namespace {

void add(std::string& to, std::string_view name, std::string_view text) {
  if (text.empty())
    return;
  nlohmann::json value = std::string{text};
  to += fmt::format(R"(,"{}":{})", name,
                    value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

} // namespace

std::string to_json_members(const log_fields& x) {
  std::string result;
  add(result, "event", to_string_view(x.event));
  add(result, "backend", x.backend);
  add(result, "cluster", x.cluster);
  add(result, "source", x.source);
  add(result, "database", x.database);
  add(result, "query", x.query);
  add(result, "reason", x.reason);
  add(result, "sqlstate", x.sqlstate);
  if (x.failures > 0)
    result += fmt::format(R"(,"failures":{})", x.failures);
  if (x.since > 0)
    add(result, "since", moment_text(x.since));
  add(result, "from", x.from);
  add(result, "to", x.to);
  result += x.details;
  return result;
}

std::string moment_text(double unix_time) {
  using namespace std::chrono;
  // What lies outside is no time of ours.
  constexpr double latest = 253'402'300'799; // the year 9999
  auto when = sys_seconds{seconds{static_cast<int64_t>(std::clamp(unix_time, 0.0, latest))}};
  auto day = floor<days>(when);
  year_month_day date{day};
  hh_mm_ss time{when - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count());
}

} // namespace pgstatsmon
