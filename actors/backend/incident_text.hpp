// Incidents as events: a sentence, and what programs want to know. Pure.
#pragma once

#include "actors/backend/incidents.hpp"
#include "actors/backend/server_settings.hpp"
#include "config/log_event.hpp"

#include <string>

namespace pgstatsmon {

/// What is said of one.
struct incident_text {
  log_event event = log_event::none;
  std::string sentence;
  std::string details; ///< As log_fields::details.
};

/// Lines of a tree that an event has at most; those in the way of most come first.
inline constexpr size_t max_tree_lines = 40;

/// @param seen What the look saw with which it began; null: it is over.
incident_text describe(const incident& x, const look_answers* seen);

incident_text describe(const setting_change& x);

} // namespace pgstatsmon
