// Changes as a list, and as a stream.
#include "actors/exposition/live.hpp"

#include "actors/console/reports.hpp"
#include "config/text.hpp"

#include <fmt/format.h>

namespace pgstatsmon {

namespace {

constexpr unsigned unavailable = 503;

table table_of(const std::vector<fleet_change>& changes) {
  table result{"changes",
               "changes",
               {number_column("when", "when"),
                {"backend", "backend"},
                {"what", "what"},
                {"from", "from"},
                {"to", "to"}}};
  for (const auto& x : changes)
    result.rows.push_back({{fmt::format("{:.0f}", x.when), x.when},
                           words(x.backend),
                           words(x.what),
                           words(x.from),
                           words(x.to)});
  return result;
}

http_response answer_changes(const live_sources& from) {
  auto now = look_time::now();
  const auto& pulse = *from.facts.pulse;
  fact_list facts{{{"now", "now", {fmt::format("{:.0f}", now.unix_seconds), now.unix_seconds}},
                   {"version", "version", words(PGSTATSMON_VERSION)},
                   {"orders", "orders", truth(from.orders)},
                   {"next tick", "next_tick_seconds",
                    span(std::max(pulse.next_tick() - now.steady, caf::timespan{0}))},
                   {"heartbeat", "heartbeat_age_seconds", span(now.since(pulse.last_beat()))}}};
  http_response result;
  result.type = "application/json";
  result.body = to_json_text({std::move(facts), table_of(from.journal->changes(now.unix_seconds))});
  return result;
}

http_response answer_events(const std::shared_ptr<event_hub>& events) {
  if (!events->has_place())
    return text_response(unavailable, "as many listen as may\n");
  http_response result;
  result.type = "text/event-stream";
  result.events = events;
  result.headers = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}};
  return result;
}

std::string without_newline(std::string x) {
  x.pop_back();
  return x;
}

} // namespace

std::string news_json(const fleet_news& x) {
  table gone{"gone", "gone", {{"backend", "backend"}}};
  for (const auto& name : x.gone)
    gone.rows.push_back({words(name)});
  auto rest = without_newline(to_json_text({std::move(gone), table_of(x.changes)}));
  auto backends = without_newline(backends_json(x.changed, look_time::now()));
  return fmt::format("{{\"backends\":{},{}", backends, rest.substr(1));
}

void add_live(http_server& to, const live_sources& from) {
  auto start = look_time::now().unix_seconds;
  from.events->set_greeting(
    "hello", fmt::format(R"({{"version":"{}","start":{:.3f}}})", PGSTATSMON_VERSION, start));
  to.keep(from.events);
  to.add_route("/api/v1/changes", [from](const http_request&) { return answer_changes(from); });
  to.add_route("/api/v1/events",
               [events = from.events](const http_request&) { return answer_events(events); });
}

} // namespace pgstatsmon
