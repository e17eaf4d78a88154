// What the CONNECTION tells of a poll at the tracepoints.
#include "actors/backend/connection.hpp"

namespace pgstatsmon {

trace::query connection_state::traced(const step& what) const {
  const auto& definition = queries().queries()[what.query];
  return {definition.variants[what.variant].sql, definition.name, arguments_.target.name};
}

void connection_state::trace_start() const {
  if (const auto* next = poll_->progress.running())
    trace::query_start(traced(*next));
}

} // namespace pgstatsmon
