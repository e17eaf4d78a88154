// What is told of rows.
#include "actors/backend/backend_log.hpp"

namespace pgstatsmon {

namespace level = spdlog::level;

void backend_log::tell_rows(row_events_memory& memory, size_t query, const query_definition& of,
                            std::string_view database, const PGresult& rows) const {
  auto server = spoken_of().server;
  auto told = memory.take(query, of, server == nullptr ? std::string{} : server->system, rows);
  for (const auto& x : told.events) {
    log_fields each{.event = x.event, .database = database, .query = of.name, .details = x.details};
    // What is told with each answer is for programs.
    if (x.event == log_event::row_seen)
      say(level::debug, each, "{}", x.sentence);
    else
      say_one_of_many(level::info, each, "have rows that came, went or changed", "{}", x.sentence);
  }
  log_fields fields{.database = database, .query = of.name};
  if (told.more > 0) {
    fields.event = log_event::rows_untold;
    say(level::info, fields, "{}: {} more events are not told", of.name, told.more);
  }
  if (told.too_many) {
    fields.event = log_event::query_too_large;
    say(level::warn, fields,
        "{}: its rows are more than the {} that are compared, so no change of them is known",
        of.name, row_events_memory::max_compared);
  }
}

} // namespace pgstatsmon
