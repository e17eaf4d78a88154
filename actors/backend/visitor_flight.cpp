// The VISITOR's flights: what a database is asked, and what it answers.
#include "actors/backend/conninfo.hpp"
#include "actors/backend/poll_results.hpp"
#include "actors/backend/visitor.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgstatsmon {

bool visitor_state::wants_facts(const watched& known) const {
  return known.what.wants_facts(now()) && !known.what.facts_sql().empty();
}

flight_extras visitor_state::extras(const watched& known) const {
  auto result = extras_for(polling_limits(options()), known.open->facts, known.open->memory.ground);
  if (wants_facts(known))
    result.facts = known.what.facts_sql();
  if (auto i =
        std::ranges::find(server_->databases->databases, known.shown.name, &listed_database::name);
      known.open->memory.ground != footing::own && i != server_->databases->databases.end())
    result.place = place_query(*i);
  return result;
}

void visitor_state::ask(const std::string& database, watched& known) {
  auto& open = *known.open;
  open.at = visit::stage::asking;
  known.rows.begin();
  const auto& progress = open.progress.emplace(
    make_flight(*arguments_.metrics->queries(), known.what.due(now(), interval()), extras(known),
                known.what.facts(), open.memory),
    flight_limits{options().query_timeout, interval(), options().max_query_rows}, now());
  arm(open, progress.deadline() - now());
  if (auto error = open.link->send(progress.statements()))
    failed(database, *error);
  else
    watch(open, open.link->sending() ? interest::read_write : interest::read);
}

void visitor_state::receive(const std::string& database, watched& known) {
  auto& open = *known.open;
  open.progress->heard(now());
  auto error = open.link->receive([&](statement_result result) { take(known, std::move(result)); });
  if (error && open.at == visit::stage::idle) {
    // A session that is ended while it idles is replaced by the next visit.
    close(known);
    show();
    return;
  }
  if (error) {
    if (const auto* culprit = open.progress->broke_off(*error, known.what, now()))
      arguments_.metrics->query(culprit->query).count_failure(failure::too_large);
    failed(database, *error);
    return;
  }
  if (open.at == visit::stage::asking && open.progress->complete())
    answered(database, known);
  else
    watch(open, open.link->sending() ? interest::read_write : interest::read);
}

void visitor_state::take(watched& known, statement_result result) {
  auto taken = known.open->progress->take(std::move(result), known.what, known.open->memory, now());
  if (taken.what.what == purpose::place)
    known.open->misplaced =
      !taken.result.error && !boolean(taken.result.rows.get()).value_or(false);
  if (taken.what.what != purpose::query)
    return;
  if (taken.result.error && !taken.lost_needs)
    arguments_.metrics->query(taken.what.query).count_failure(taken.result.error->reason);
  if (taken.result.rows == nullptr)
    return;
  const auto& definition = arguments_.metrics->queries()->queries()[taken.what.query];
  if (definition.events) {
    tell_rows(known.events, taken.what.query, definition, known.shown.name, *taken.result.rows);
    return;
  }
  decode_report report;
  if (known.rows.take(taken.what.query, *taken.result.rows, *shapes_, now(), report))
    count_decoded(*arguments_.metrics, arguments_.target.name, taken.what.query, report);
}

void visitor_state::answered(const std::string& database, watched& known) {
  auto& open = *known.open;
  if (open.misplaced) {
    failed(database,
           {.reason = failure::no_database, .message = "the name leads to another database"});
    return;
  }
  open.timer.expire();
  open.at = visit::stage::idle;
  auto block = known.rows.finish(known.what.kept(now(), interval()));
  known.shown.series = block->series();
  known.shown.last_success = arguments_.context->unix_time();
  self_->send(
    arguments_.registry,
    database_samples{.life = arguments_.life, .database = database, .samples = std::move(block)});
  known.shown.tried = known.shown.up = true;
  std::optional<session_error> trouble;
  if (const auto& failed = open.progress->first_failed()) {
    const auto& query = arguments_.metrics->queries()->queries()[failed->query];
    trouble = failed->error;
    trouble->message = fmt::format("{}: {}", query.name, failed->error.message);
  }
  judge(database, known, trouble);
  auto age = caf::timespan{options().max_age};
  open.last = open.last || (age.count() > 0 && now() - open.began >= age);
  end(database, visit_outcome::good);
  if (known.open != nullptr)
    watch(*known.open, interest::read);
  show();
  pump();
}

} // namespace pgstatsmon
