// From a source's description to what asks it, and to the actor that does so.
#pragma once

#include "actors/discovery/polling_source.hpp"

namespace pgstatsmon {

/// The question that a source asks. It keeps what it needs, a connection for instance.
source_question question_of(const source_spec& x);

/// Starts a source on a thread of its own: DISCOVERY's source_starter.
source_actor start_source(caf::local_actor& parent, source_job job);

} // namespace pgstatsmon
