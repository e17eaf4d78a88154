// The CONNECTION's samples: polls of the few queries that `activity.sample` asks more often. What
// they bring is added up, and on the page with the next poll.
#include "actors/backend/connection.hpp"
#include "actors/backend/conninfo.hpp"

#include <algorithm>

namespace pgstatsmon {

caf::result<poll_report> connection_state::begin_sample() {
  // Polls see to the session, and whether it answers.
  if (state_ != backend_state::ready || !proven_)
    return poll_report{};
  auto what = agenda_->sample(now());
  if (std::ranges::none_of(what, [](const auto& x) { return x.has_value(); }))
    return poll_report{};
  auto carried = extras_for(polling_limits(options()), facts_, memory_.ground);
  carried.clocks = true;
  poll_progress progress{
    make_flight(queries(), what, carried, agenda_->facts(), memory_),
    {options().query_timeout, arguments_.options->interval, options().max_query_rows},
    now()};
  results_->begin();
  auto promise = self_->make_response_promise<poll_report>();
  poll_ = current_poll{.when = arguments_.context->unix_time(),
                       .progress = std::move(progress),
                       .promise = promise,
                       .sample = true};
  enter(backend_state::polling);
  dispatch();
  return promise;
}

void connection_state::end_sample(current_poll& ended, failure reason, bool whole) {
  ended.promise.deliver(poll_report{.reason = reason,
                                    .polled = true,
                                    .duration = now() - ended.progress.began(),
                                    .rows = ended.progress.rows()});
  if (!whole)
    return;
  enter(backend_state::ready);
  timer_.expire();
}

} // namespace pgstatsmon
