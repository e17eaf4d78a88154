// What the CONNECTION tells as events: settings that changed, sessions that wait for locks,
// transactions that do not end.
#include "actors/backend/connection.hpp"
#include "actors/backend/incident_text.hpp"

#include <fmt/format.h>

#include <chrono>

namespace pgstatsmon {

namespace {

namespace level = spdlog::level;

/// Settings that are told one by one; more at once are another configuration as a whole.
constexpr size_t max_told = 50;

} // namespace

void connection_state::look_at_load_time(const PGresult& rows) {
  // Behind a pooler each answer may be another session's.
  if (memory_.ground != footing::own)
    return;
  if (auto loaded = loaded_at(rows); loaded != settings_loaded_) {
    settings_loaded_ = std::move(loaded);
    settings_wanted_ = true;
  }
}

void connection_state::settings_told(const taken_result& taken) {
  settings_wanted_ = false;
  if (taken.result.error)
    say(level::debug, "its settings: {}", taken.result.error->message);
  if (taken.result.rows == nullptr)
    return;
  auto server = identity_ == nullptr
                  ? std::string{}
                  : fmt::format("{} {}:{}", identity_->system, identity_->address, identity_->port);
  auto changes = settings_.learn(server, *taken.result.rows);
  for (size_t i = 0; i < std::min(changes.size(), max_told); ++i) {
    auto text = describe(changes[i]);
    say(
      level::info,
      {.event = text.event, .from = changes[i].from, .to = changes[i].to, .details = text.details},
      "{}", text.sentence);
  }
  if (changes.size() > max_told)
    say(level::info, log_event::setting_changed, "{} more settings have changed",
        changes.size() - max_told);
  arguments_.metrics->setting_changes.fetch_add(changes.size(), std::memory_order_relaxed);
}

bool connection_state::follows_incidents() const {
  return !is_console() && !arguments_.options->events.file.empty();
}

incident_limits connection_state::too_long() const {
  using seconds = std::chrono::duration<double>;
  const auto& events = arguments_.options->events;
  return {.blocked = seconds{events.blocked_for}.count(),
          .transaction = seconds{events.transaction_for}.count()};
}

void connection_state::follow_incidents(const vital_reading& said) {
  if (!follows_incidents())
    return;
  for (const auto& x : incidents_.polled(said, arguments_.context->unix_time(), too_long()))
    tell(x, nullptr);
}

void connection_state::follow_incidents(look which, const look_answers& seen) {
  if (!follows_incidents())
    return;
  if (auto x = incidents_.looked(which, seen, arguments_.context->unix_time(), too_long()))
    tell(*x, &seen);
}

void connection_state::tell(const incident& x, const look_answers* seen) const {
  auto text = describe(x, seen);
  say(level::info, {.event = text.event, .since = x.since, .details = text.details}, "{}",
      text.sentence);
}

} // namespace pgstatsmon
