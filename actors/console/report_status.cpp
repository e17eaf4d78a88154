// `scheduler` and `discovery`.
#include "actors/console/reports.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgstatsmon {

namespace {

cell age_or_none(caf::timespan x) {
  return x.count() < 0 ? none() : span(x);
}

table paused_backends(const scheduler_status& status) {
  table result{"paused",
               "paused",
               {{"backend", "backend"},
                number_column("left", "left_seconds"),
                {"disconnected", "disconnected"}}};
  for (const auto& one : status.paused) {
    auto disconnected =
      std::ranges::find(status.disconnected, one.name) != status.disconnected.end();
    result.rows.push_back(
      {words(one.name),
       one.span.count() == 0 ? cell{.text = "until resumed", .json = nullptr} : span(one.span),
       truth(disconnected)});
  }
  return result;
}

table named_spans(std::string title, std::string key, column of,
                  const std::vector<named_span>& xs) {
  table result{std::move(title), std::move(key), {{"backend", "backend"}, std::move(of)}};
  for (const auto& x : xs)
    result.rows.push_back({words(x.name), span(x.span)});
  return result;
}

const char* condition_of(const source_status& x) {
  if (!x.running)
    return "dead";
  if (x.doubted)
    return "doubted";
  if (x.from_state)
    return "kept list";
  if (!x.problem.empty())
    return "failing";
  return x.told ? "ok" : "no list yet";
}

} // namespace

report scheduler_report(const scheduler_status& x) {
  fact_list facts{
    {{"backends", "backends", count(x.backends)},
     {"interval", "interval_seconds", span(x.interval)},
     {"stretched by", "stretch", {.text = fmt::format("{:g}", x.stretch), .json = x.stretch}},
     {"next tick", "next_tick_seconds", span(x.next_tick)},
     {"slots", "slots", count(x.slots)},
     {"in flight", "in_flight_count", count(x.in_flight.size())},
     {"waiting", "waiting", count(x.waiting)},
     {"of these suspects", "waiting_suspects", count(x.suspects)},
     {"paused", "paused_count", count(x.paused.size())},
     {"new ones are paused", "all_paused", truth(x.all_paused)}}};
  table ticks{"last ticks, newest first",
              "ticks",
              {number_column("tick", "tick"),
               number_column("ago", "ago_seconds"),
               times_column("busy", "busy_seconds"),
               {"over", "over"},
               number_column("due", "due"),
               number_column("skipped", "skipped"),
               number_column("paused", "paused")}};
  for (const auto& y : x.ticks)
    ticks.rows.push_back({count(y.number), span(y.age), span(y.busy), truth(y.over), count(y.due),
                          count(y.skipped), count(y.paused)});
  report result{std::move(facts)};
  result.emplace_back(
    named_spans("in flight", "in_flight", number_column("age", "age_seconds"), x.in_flight));
  if (!x.paused.empty())
    result.emplace_back(paused_backends(x));
  result.emplace_back(std::move(ticks));
  return result;
}

report discovery_report(const discovery_status& x, const look_time& now) {
  table sources{{},
                "sources",
                {{"source", "source"},
                 text_column("kind", "kind", 5),
                 {"state", "state"},
                 number_column("backends", "backends"),
                 number_column("last answer", "last_answer_seconds"),
                 number_column("last change", "last_change_seconds", 3),
                 number_column("added", "added", 4),
                 number_column("removed", "removed", 4),
                 number_column("failures", "failures"),
                 number_column("rejected", "rejected", 1),
                 {"problem", "problem"}}};
  table rejected{
    "offered and not watched", "rejected", {{"source", "source"}, {"what and why", "what"}}};
  for (const auto& y : x.sources) {
    sources.rows.push_back({words(y.name), words(y.kind), words(condition_of(y)), count(y.backends),
                            y.last_success > 0 ? span(now.since(y.last_success)) : none(),
                            age_or_none(y.last_change), count(y.added), count(y.removed),
                            count(y.failures), count(y.rejections), words(y.problem)});
    for (const auto& z : y.rejected)
      rejected.rows.push_back({words(y.name), words(z)});
  }
  report result;
  if (x.shards > 1)
    result.emplace_back(fact_list{{{"shard", "shard", count(x.shard)},
                                   {"of", "shards", count(x.shards)},
                                   {"backends of all", "fleet", count(x.fleet)},
                                   {"of these watched here", "watched", count(x.watched)}}});
  result.emplace_back(std::move(sources));
  // Always two parts, so that the JSON has one form.
  result.emplace_back(std::move(rejected));
  return result;
}

} // namespace pgstatsmon
