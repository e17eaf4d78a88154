// Events: what happened in the fleet, one JSON object a line, in a file of its own.
#pragma once

#include "config/log_fields.hpp"

#include <spdlog/common.h>

#include <chrono>
#include <cstdint>
#include <string_view>

namespace pgstatsmon {

struct event_settings;

/// Lines of the log that have a name are events. From now on, or no more, they go to a file, too;
/// called again it follows another configuration. A thread of its own writes them, and whoever
/// logs never waits: 4096 lines or 4 MiB may be on their way, what comes then is dropped. So is
/// what can't be written: to a full disk, or a FIFO that nobody reads. Any thread.
void start_events(const event_settings& x);

/// Writes what is on its way, for at most `patience`, and ends the thread. Before stop_logging().
void stop_events(std::chrono::milliseconds patience = std::chrono::seconds{1});

/// Whether events are wanted. Any thread.
bool are_events_kept();

/// Whether a line with these fields is an event that is wanted. Any thread.
inline bool is_kept(const log_fields& fields) {
  return fields.event != log_event::none && are_events_kept();
}

/// Adds an event. Any thread.
void keep_event(spdlog::level::level_enum x, const log_fields& fields, std::string_view line);

/// Since the events were switched on.
struct event_counts {
  uint64_t written = 0;
  uint64_t dropped = 0;
};

/// Any thread.
event_counts count_events();

} // namespace pgstatsmon
