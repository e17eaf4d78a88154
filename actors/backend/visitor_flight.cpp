// The VISITOR's flights: what a database is asked, and what it answers.
#include "actors/backend/conninfo.hpp"
#include "actors/backend/query.hpp"
#include "actors/backend/visitor.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgstatsmon {

bool visitor_state::wants_facts(const watched& y) const {
  return y.what.wants_facts(now()) && !y.what.facts_sql().empty();
}

flight_extras visitor_state::extras(const watched& y) const {
  auto result = extras_for(polling_limits(options()), y.open->facts, y.open->memory.ground);
  if (wants_facts(y))
    result.facts = y.what.facts_sql();
  if (auto i =
        std::ranges::find(server_->databases->databases, y.shown.name, &listed_database::name);
      y.open->memory.ground != footing::own && i != server_->databases->databases.end())
    result.place = place_query(*i);
  return result;
}

void visitor_state::ask(const std::string& database, watched& y) {
  auto& x = *y.open;
  x.at = visit::stage::asking;
  y.rows.begin();
  const auto& progress = x.progress.emplace(
    make_flight(*arguments_.metrics->queries(), y.what.due(now(), interval()), extras(y),
                y.what.facts(), x.memory),
    flight_limits{options().query_timeout, interval(), options().max_query_rows}, now());
  arm(x, progress.deadline() - now());
  if (auto error = x.link->send(progress.statements()))
    failed(database, *error);
  else
    watch(x, x.link->sending() ? interest::read_write : interest::read);
}

void visitor_state::receive(const std::string& database, watched& y) {
  auto& x = *y.open;
  x.progress->heard(now());
  auto error = x.link->receive([&](statement_result result) { take(y, std::move(result)); });
  if (error && x.at == visit::stage::idle) {
    // A session that is ended while it idles is replaced by the next visit.
    close(y);
    show();
    return;
  }
  if (error) {
    if (const auto* culprit = x.progress->broke_off(*error, y.what, now()))
      arguments_.metrics->query(culprit->query).count_failure(failure::too_large);
    failed(database, *error);
    return;
  }
  if (x.at == visit::stage::asking && x.progress->complete())
    answered(database, y);
  else
    watch(x, x.link->sending() ? interest::read_write : interest::read);
}

void visitor_state::take(watched& y, statement_result result) {
  auto x = y.open->progress->take(std::move(result), y.what, y.open->memory, now());
  if (x.what.what == purpose::place)
    y.open->misplaced = !x.result.error && !boolean(x.result.rows.get()).value_or(false);
  if (x.what.what != purpose::query)
    return;
  if (x.result.error && !x.lost_needs)
    arguments_.metrics->query(x.what.query).count_failure(x.result.error->reason);
  if (x.result.rows == nullptr)
    return;
  decode_report report;
  if (y.rows.take(x.what.query, *x.result.rows, *shapes_, now(), report))
    count_decoded(*arguments_.metrics, arguments_.target.name, x.what.query, report);
}

void visitor_state::answered(const std::string& database, watched& y) {
  auto& x = *y.open;
  if (x.misplaced) {
    failed(database,
           {.reason = failure::no_database, .message = "the name leads to another database"});
    return;
  }
  x.timer.expire();
  x.at = visit::stage::idle;
  auto block = y.rows.finish(y.what.kept(now(), interval()));
  y.shown.series = block->series();
  y.shown.last_success = arguments_.context->unix_time();
  self_->send(
    arguments_.registry,
    database_samples{.life = arguments_.life, .database = database, .samples = std::move(block)});
  y.shown.tried = y.shown.up = true;
  std::optional<session_error> trouble;
  if (const auto& failed = x.progress->first_failed()) {
    const auto& query = arguments_.metrics->queries()->queries()[failed->query];
    trouble = failed->error;
    trouble->message = fmt::format("{}: {}", query.name, failed->error.message);
  }
  judge(database, y, trouble);
  auto age = caf::timespan{options().max_age};
  x.last = x.last || (age.count() > 0 && now() - x.began >= age);
  end(database, visit_outcome::good);
  if (y.open != nullptr)
    watch(*y.open, interest::read);
  show();
  pump();
}

} // namespace pgstatsmon
