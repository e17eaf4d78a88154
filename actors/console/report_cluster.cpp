// `cluster`: the daemons that share a fleet, as this one sees them.
#include "actors/console/reports.hpp"

#include <fmt/format.h>

#include <cmath>

namespace pgstatsmon {

namespace {

cell seconds(double x) {
  auto result = span(caf::timespan{static_cast<int64_t>(std::abs(x) * 1e9)});
  if (x < 0)
    result.text = fmt::format("over since {}", result.text);
  result.json = x;
  return result;
}

/// How the whole is, in a few words.
std::string state_of(const cluster_status& x) {
  if (x.draining)
    return "handing over";
  if (x.doubtful)
    return "doubtful: others may poll the same";
  if (!x.problem.empty())
    return x.known ? "goes on with what it has" : "waits for the engine";
  return x.undone_for.empty() ? "settled" : "moving";
}

std::string state_of(const member_status& x) {
  if (x.leaving)
    return "leaving";
  return x.settled ? "settled" : "settling";
}

table members_of(const cluster_status& x) {
  table result{"members",
               "members",
               {{"member", "member"},
                {"address", "address"},
                {"state", "state"},
                number_column("weight", "weight"),
                number_column("slots", "slots"),
                number_column("backends", "backends"),
                number_column("here for", "age_seconds"),
                {"version", "version"},
                {"as we", "agrees"},
                {.title = "self", .key = "self", .shown = false}}};
  for (const auto& y : x.members) {
    auto name = words(y.id);
    if (y.self)
      name.text += " (this one)";
    auto weight = words(fmt::format("{}", y.weight));
    weight.json = y.weight;
    result.rows.push_back({std::move(name), words(y.address), words(state_of(y)), std::move(weight),
                           count(y.slots), count(y.backends), span(y.age), words(y.version),
                           truth(y.agrees), truth(y.self)});
  }
  return result;
}

} // namespace

report cluster_report(const cluster_status& x, const look_time& now) {
  fact_list facts{{{"fleet", "fleet", words(x.fleet)},
                   {"this member", "member", words(x.self)},
                   {"state", "state", words(state_of(x))},
                   {"problem", "problem", x.problem.empty() ? none() : words(x.problem)},
                   {"engine answers", "engine_answers", truth(x.engine_answers)},
                   {"lease lasts", "lease_seconds", x.known ? seconds(x.lease_left) : none()},
                   {"doubtful", "doubtful", truth(x.doubtful)},
                   {"slots", "slots", count(x.slots_held)},
                   {"slots being given away", "slots_ending", count(x.slots_ending)},
                   {"backends here", "owned", count(x.backends_held)},
                   {"backends of the fleet", "fleet_backends", count(x.backends)},
                   {"slots taken", "taken", count(x.counts.taken)},
                   {"slots given", "given", count(x.counts.given)},
                   {"slots that were others'", "brain_splits", count(x.counts.somebody_else)},
                   {"leases that may have ended", "watchdog_triggers", count(x.counts.cut_off)},
                   {"seen", "age_seconds", x.when > 0 ? span(now.since(x.when)) : none()}}};
  table undone_table{"left undone", "undone", {{"why", "reason"}, number_column("slots", "slots")}};
  for (const auto& y : x.undone_for)
    undone_table.rows.push_back({words(to_string_view(y.reason)), count(y.slots)});
  return {std::move(facts), members_of(x), std::move(undone_table)};
}

} // namespace pgstatsmon
