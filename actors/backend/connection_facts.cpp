// What the CONNECTION asks and learns about its server: version, role, rights, extensions, whether
// a pooler stands in between, and which databases there are.
#include "actors/backend/cluster_facts.hpp"
#include "actors/backend/connection.hpp"
#include "actors/backend/conninfo.hpp"
#include "actors/backend/database_list.hpp"
#include "actors/backend/look_sql.hpp"
#include "actors/backend/setup_sql.hpp"
#include "actors/registry/families.hpp"

namespace pgstatsmon {

namespace {

namespace level = spdlog::level;

/// How long the rights that were found are relied on.
constexpr auto rights_interval = std::chrono::seconds{45};

} // namespace

flight_extras connection_state::extras() const {
  if (is_console())
    return {.arrival = "SHOW VERSION"};
  auto result = extras_for(polling_limits(options()), facts_, memory_.ground);
  result.clocks = true;
  result.cluster = cluster_wanted();
  // A pooler says what a server session of the past said.
  if (facts_.version < 140000 || memory_.ground != footing::own)
    result.role = "SELECT pg_catalog.pg_is_in_recovery()";
  if (!rights_complete_ || !rights_asked_ || now() - *rights_asked_ >= rights_interval)
    result.rights = rights_query(facts_.version);
  if (agenda_->wants_facts(now()))
    result.facts = facts_sql();
  if (settings_wanted_ && memory_.ground == footing::own)
    result.settings = settings_query(facts_.version);
  return result;
}

std::vector<size_t> connection_state::texts_wanted() {
  auto& metrics = *arguments_.metrics;
  auto when = arguments_.context->unix_time();
  if (metrics.texts.forget(when))
    for (auto i : agenda_->with_texts())
      metrics.query(i).texts = section_ptr{};
  return metrics.texts.take(when) ? agenda_->with_texts() : std::vector<size_t>{};
}

std::vector<std::pair<look, std::string>> connection_state::looks_wanted() {
  auto& metrics = *arguments_.metrics;
  auto when = arguments_.context->unix_time();
  if (metrics.look_order.forget(when))
    metrics.looks = look_answers_ptr{};
  std::vector<std::pair<look, std::string>> result;
  if (is_console())
    return result;
  looks_shown_ = metrics.look_order.take(when);
  for (auto which : all_looks) {
    if (!looks_shown_ && !(follows_incidents() && incidents_.wants(which)))
      continue;
    auto sql = look_sql(which, facts_.version, arguments_.target.collect.statement_texts);
    if (!sql.empty())
      result.emplace_back(which, std::move(sql));
  }
  return result;
}

void connection_state::take_look(look which, const PGresult& rows) {
  auto& newest = arguments_.metrics->looks;
  auto old = newest.load(std::memory_order_acquire);
  auto fresh =
    old == nullptr ? std::make_shared<look_answers>() : std::make_shared<look_answers>(*old);
  fresh->when = arguments_.context->unix_time();
  read_look(which, rows, *fresh);
  follow_incidents(which, *fresh);
  if (looks_shown_)
    newest = std::move(fresh);
}

void connection_state::update_agenda() {
  agenda_->start(now(), interval());
  if (agenda_->learn(facts_.version, facts_.role, rights_complete_))
    plan_is_news_ = true;
  if (agenda_->adjust(now(), interval()))
    plan_is_news_ = true;
  show_budget();
  if (!std::exchange(plan_is_news_, false))
    return;
  auto all = agenda_->explain(now(), arguments_.target.databases.on);
  for (size_t i = 0; i < all->size(); ++i)
    arguments_.metrics->query(i).planned = (*all)[i].why.empty();
  arguments_.metrics->set_plan(std::move(all));
}

void connection_state::show_budget() const {
  arguments_.metrics->budget_used = agenda_->budget().used(now());
  arguments_.metrics->own_budget_used = agenda_->own_budget().used(now());
  arguments_.metrics->stretched = agenda_->stretched();
}

std::string connection_state::facts_sql() const {
  auto result = agenda_->facts_sql();
  auto add = [&](const std::string& sql) { result += (result.empty() ? "" : " UNION ALL ") + sql; };
  add(loaded_query());
  if (arguments_.target.databases.on)
    add(databases_query(facts_.version));
  return result;
}

void connection_state::facts_came(const pg_result* rows) {
  plan_is_news_ = true; // what was left out for a while may be back
  if (rows != nullptr)
    look_at_load_time(*rows);
  if (rows == nullptr || !arguments_.visitor)
    return;
  visiting_ = true;
  self_->send(arguments_.visitor,
              server_seen{attempts_.current(), facts_.version, facts_.role, takes_options_,
                          std::make_shared<const database_list>(parse_database_list(*rows))});
}

/// Behind a pooler each answer may be another server's.
cluster_question connection_state::cluster_wanted() const {
  auto known = memory_.ground == footing::own && identity_ != nullptr;
  return known ? cluster_question::place : cluster_question::whole;
}

void connection_state::cluster_told(const taken_result& taken) {
  if (taken.result.error)
    say(level::debug, "its place in its cluster: {}", taken.result.error->message);
  if (taken.result.rows == nullptr)
    return;
  auto report = read_cluster(*taken.result.rows, identity_);
  if (!report)
    return;
  report->when = now();
  report->reached_at =
    attempts_.current().empty() ? arguments_.target.address : attempts_.current();
  identity_ = report->identity;
  arguments_.metrics->report.store(std::make_shared<const server_report>(std::move(*report)),
                                   std::memory_order_release);
}

/// The server said what time it is about half a round trip after it was asked.
void connection_state::compare_clocks(const current_poll& ended) const {
  constexpr double nanosecond = 1e-9;
  auto travel = static_cast<double>(ended.progress.round_trip().count()) / 2 * nanosecond;
  if (const auto& clock = ended.progress.server_clock())
    arguments_.metrics->clock_offset = *clock - ended.when - travel;
}

void connection_state::say_pooler() {
  if (memory_.ground == footing::shared && !std::exchange(pooler_said_, true))
    say(level::info, log_event::pooler_found,
        "a pooler stands in between: settings go with each query, none is prepared");
}

void connection_state::look_at_facts() {
  auto said = session_->facts();
  if (said.role == server_role::unknown
      || (memory_.ground == footing::shared && asked_role_ != server_role::unknown))
    said.role = asked_role_;
  if (said == facts_)
    return;
  facts_ = said;
  rights_complete_ = false;
  auto& metrics = *arguments_.metrics;
  using seconds = std::chrono::duration<double>;
  metrics.certificate_end =
    said.certificate_end ? seconds{said.certificate_end->time_since_epoch()}.count() : 0;
  auto old_version = metrics.server_version.exchange(said.version);
  auto old_role = said.role == server_role::unknown ? said.role : metrics.role.exchange(said.role);
  // A reconnect that finds what it left is no news.
  if (old_version != said.version || old_role != said.role)
    say_what_it_is(old_version, old_role);
}

void connection_state::say_what_it_is(int32_t old_version, server_role old_role) const {
  auto version = version_text(facts_.version);
  auto product = product_name(arguments_.target.kind);
  auto role = is_console() ? std::string_view{"its console"} : to_string_view(facts_.role);
  auto known = old_role != server_role::unknown && facts_.role != server_role::unknown;
  log_fields changed{.from = to_string_view(old_role), .to = role};
  if (known && old_role == server_role::standby && facts_.role == server_role::primary) {
    changed.event = log_event::backend_promoted;
    say(level::info, changed, "promoted: {} {}, {}, was {}", product, version, role, changed.from);
  } else if (known && old_role != facts_.role) {
    changed.event = log_event::backend_demoted;
    say(level::warn, changed, "{} {}, {} now, was {}", product, version, role, changed.from);
  } else if (auto old = version_text(old_version);
             old_version != 0 && old_version != facts_.version)
    say(level::info, {.event = log_event::backend_upgraded, .from = old, .to = version},
        "{} {}, {}, was {}", product, version, role, old);
  else
    say_one_of_many(level::info, {.event = log_event::backend_connected}, "connected", "{} {}, {}",
                    product, version, role);
}

} // namespace pgstatsmon
