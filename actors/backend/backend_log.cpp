// What is told of rows.
#include "actors/backend/backend_log.hpp"

namespace pgstatsmon {

namespace level = spdlog::level;

void backend_log::tell_rows(const told_rows& told, std::string_view query,
                            std::string_view database) const {
  for (const auto& x : told.events)
    // What is told with each answer is for programs.
    say(x.event == log_event::row_seen ? level::debug : level::info,
        {.event = x.event, .database = database, .query = query, .details = x.details}, "{}",
        x.sentence);
  log_fields fields{.database = database, .query = query};
  if (told.more > 0) {
    fields.event = log_event::rows_untold;
    say(level::info, fields, "{}: {} more events are not told", query, told.more);
  }
  if (told.too_many) {
    fields.event = log_event::query_too_large;
    say(level::warn, fields,
        "{}: its rows are more than the {} that are compared, so no change of them is known", query,
        row_events_memory::max_compared);
  }
}

} // namespace pgstatsmon
