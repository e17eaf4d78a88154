// `backend NAME`: states, vital signs, plan, the last poll as a timeline, the last errors.
#include "actors/console/backend_row.hpp"
#include "actors/console/reports.hpp"
#include "actors/registry/families.hpp"
#include "config/text.hpp"

#include <fmt/format.h>
#include <spdlog/common.h>

#include <algorithm>

namespace pgstatsmon {

namespace {

constexpr size_t bar_width = 40;

fact_list identity(const entry& x) {
  const auto& to = x.value;
  return {{{"backend", "backend", words(to.name)},
           {"id", "id", words(to.id)},
           {"", "kind", words(to_string_view(to.kind))},
           {"address", "address", address_cell(to)},
           {"", "port", {std::to_string(to.port), to.port}},
           {"database", "database", words(to.database)},
           {"user", "user", words(to.user)},
           {"source", "source", words(to.source)},
           {"labels", "labels", labels_cell(to)}}};
}

/// Unix time.
cell moment(double when) {
  return when > 0 ? cell{fmt::format("{:.0f}", when), when} : none();
}

/// For people a state of setup says what it means for the rights; programs know its name.
cell setup_of(const entry& x) {
  if (x.value.kind == backend_kind::pgbouncer)
    return none();
  auto state = x.metrics->setup.load(std::memory_order_relaxed);
  auto result = words(to_string_view(state));
  if (state == setup_state::disabled)
    result.text = "rights missing, and setup is disabled";
  if (state == setup_state::standby)
    result.text = "rights missing, and only the primary can give them";
  if (state == setup_state::failed)
    result.text = "failed, rights missing";
  return result;
}

/// The newest error, whether it lasts or not.
cell last_failure_of(const backend_metrics& m, const look_time& now) {
  auto errors = m.history.errors();
  if (errors->empty())
    return none();
  auto reason = to_string_view(errors->front().reason);
  return {fmt::format("{}, {} ago", reason, span(now.since(errors->front().when)).text), reason};
}

cell level_of(const backend_metrics& m) {
  auto level = m.log_level.load(std::memory_order_relaxed);
  if (level == no_own_level)
    return {.text = "as all", .json = nullptr};
  return words(log_level_name(static_cast<spdlog::level::level_enum>(level)));
}

fact_list condition(const entry& x, const look_time& now) {
  const auto& m = *x.metrics;
  auto version = m.server_version.load(std::memory_order_relaxed);
  auto good = m.last_success.load(std::memory_order_relaxed);
  auto round_trip = m.round_trip.load(std::memory_order_relaxed);
  auto failed = m.last_failure.load(std::memory_order_relaxed);
  auto paused = m.paused.load(std::memory_order_relaxed);
  auto poll = m.history.last_poll();
  return {
    {{"state", "state", words(to_string_view(m.state.load(std::memory_order_relaxed)))},
     {"for", "state_seconds", span(now.since(m.history.since()))},
     {"up", "up", truth(x.up())},
     {"", "since", moment(m.since.load(std::memory_order_relaxed))},
     {"failure", "failure", failed == failure::none ? none() : words(to_string_view(failed))},
     {"last failure", "last_failure", last_failure_of(m, now)},
     {"setup", "setup", setup_of(x)},
     {"version", "version", words(version_text(version))},
     {"role", "role", words(to_string_view(m.role.load(std::memory_order_relaxed)))},
     {"age of data", "age_seconds", good > 0 ? span(now.since(good)) : none()},
     {"round trip", "round_trip_seconds",
      round_trip > 0 ? span(caf::timespan{static_cast<int64_t>(round_trip * 1e9)}) : none()},
     {"", "poll_seconds", poll == nullptr ? none() : span(poll->duration)},
     {"series", "series", count(m.series.load(std::memory_order_relaxed))},
     {"connects", "connects", count(m.connects.load(std::memory_order_relaxed))},
     {"polls skipped", "polls_skipped", count(m.polls_skipped.load(std::memory_order_relaxed))},
     {"restarts", "restarts", count(m.restarts.load(std::memory_order_relaxed))},
     {"paused", "paused", truth(paused)},
     {"polled every", "interval_seconds", chosen(m.interval.load(std::memory_order_relaxed))},
     {"interval follows", "interval_reason",
      words(to_string_view(m.pace.load(std::memory_order_relaxed)))},
     {"next poll", "next_poll_seconds",
      paused ? none() : span(std::max(m.next_due.load() - now.steady, caf::timespan{0}))},
     {"budget used", "budget_used", share(m.budget_used.load(std::memory_order_relaxed))},
     {"own budget used", "own_budget_used",
      share(m.own_budget_used.load(std::memory_order_relaxed))},
     {"less often", "stretched_queries", count(m.stretched.load(std::memory_order_relaxed))},
     {"log level", "log_level", level_of(m)}}};
}

table states(const entry& x, const look_time& now) {
  const auto& history = x.metrics->history;
  table result{
    "time in each state",
    "states",
    {{"state", "state"}, number_column("time", "seconds"), number_column("share", "share")}};
  caf::timespan whole{0};
  for (auto state : all_backend_states)
    whole += history.spent(state, now.steady);
  for (auto state : all_backend_states) {
    auto time = history.spent(state, now.steady);
    auto part = whole.count() > 0
                  ? static_cast<double>(time.count()) / static_cast<double>(whole.count())
                  : 0;
    result.rows.push_back({words(to_string_view(state)), span(time), share(part)});
  }
  return result;
}

/// When it arrived, from left to right: blanks until the result before it was complete, dots until
/// the first bytes, equals signs until the result was complete.
std::string bar_of(const query_trace& x, caf::timespan whole) {
  auto at = [&](caf::timespan when) {
    auto part =
      static_cast<double>(when.count()) / static_cast<double>(std::max<int64_t>(whole.count(), 1));
    return std::min(static_cast<size_t>(part * bar_width), bar_width - 1);
  };
  std::string result(bar_width, ' ');
  auto end = x.done ? x.end : whole;
  auto first = x.done ? x.first : whole;
  for (auto i = at(x.start); i <= at(end); ++i)
    result[i] = i < at(first) ? '.' : '=';
  if (!x.done)
    result.back() = '?';
  return '|' + result + '|';
}

cell outcome_of(const query_trace& x) {
  if (!x.done)
    return {"no answer", "no answer"};
  if (x.reason == failure::none)
    return {"ok", "ok"};
  return words(x.sqlstate.empty() ? std::string{to_string_view(x.reason)} : x.sqlstate);
}

table timeline_of(const entry& x, const poll_trace& poll, const look_time& now) {
  table result{fmt::format("last poll, {} ago: {}, {}", span(now.since(poll.when)).text,
                           span(poll.duration).text,
                           poll.reason == failure::none ? "ok" : to_string_view(poll.reason)),
               "last_poll",
               {{"query", "query"},
                times_column("server", "server_seconds"),
                times_column("start", "start_seconds", 3),
                times_column("first", "first_seconds", 2),
                times_column("done", "done_seconds"),
                number_column("rows", "rows"),
                number_column("memory", "bytes", 4),
                {"result", "result"},
                text_column("", "bar", 1)}};
  const auto& queries = x.metrics->queries()->queries();
  for (const auto& y : poll.queries)
    result.rows.push_back({words(queries[y.query].name),
                           y.took ? span(*y.took) : none(),
                           span(y.start),
                           y.done ? span(y.first) : none(),
                           y.done ? span(y.end) : none(),
                           count(y.rows),
                           size(y.bytes),
                           outcome_of(y),
                           {bar_of(y, poll.duration), nlohmann::ordered_json::value_t::discarded}});
  return result;
}

/// The databases that are visited beside the backend's own.
table databases_of(const database_report& all, const look_time& now) {
  table result{fmt::format("other databases: {} watched, {} excluded, {} more than databases.max",
                           all.watched.size(), all.excluded, all.beyond_max),
               "databases",
               {{"database", "database"},
                {"up", "up"},
                number_column("age of data", "age_seconds"),
                number_column("series", "series"),
                {"session", "kept"},
                {"reason", "reason"},
                {"error", "error"}}};
  for (const auto& x : all.watched)
    result.rows.push_back({words(x->name),
                           x->tried ? truth(x->up) : none(),
                           x->last_success > 0 ? span(now.since(x->last_success)) : none(),
                           count(x->series),
                           {x->kept ? "kept" : "-", x->kept},
                           x->reason == failure::none ? none() : words(to_string_view(x->reason)),
                           x->error.empty() ? none() : words(x->error)});
  return result;
}

table errors_of(const entry& x, const look_time& now) {
  table result{"last errors, newest first",
               "errors",
               {number_column("ago", "ago_seconds"),
                {"reason", "reason"},
                {"SQLSTATE", "sqlstate"},
                {"of", "of"},
                {"message", "message"}}};
  auto errors = x.metrics->history.errors();
  for (const auto& y : *errors)
    result.rows.push_back({span(now.since(y.when)), words(to_string_view(y.reason)),
                           words(y.sqlstate), words(y.what), words(y.message)});
  return result;
}

} // namespace

report summary_report(const entry& of, const look_time& now) {
  return {identity(of), condition(of, now)};
}

report backend_report(const entry& of, const fleet_view& fleet, const look_time& now, bool sql) {
  auto poll = of.metrics->history.last_poll();
  of.metrics->look_order.want(now.unix_seconds);
  auto result = summary_report(of, now);
  if (of.value.kind == backend_kind::postgres)
    result.emplace_back(place_of(fleet, of.value.name));
  if (auto vitals = vitals_table(of, now))
    result.emplace_back(std::move(*vitals));
  if (auto held = holders_table(of, now))
    result.emplace_back(*std::move(held));
  result.emplace_back(states(of, now));
  result.emplace_back(plan_table(of, sql));
  if (poll != nullptr)
    result.emplace_back(timeline_of(of, *poll, now));
  if (auto databases = of.metrics->databases.load(std::memory_order_acquire))
    result.emplace_back(databases_of(*databases, now));
  result.emplace_back(errors_of(of, now));
  return result;
}

} // namespace pgstatsmon
