// What keeps the leases of daemons that share a fleet: the interface of all engines.
#pragma once

#include "messages/cluster.hpp"

#include <caf/typed_actor.hpp>

namespace pgstatsmon {

/// An ENGINE. Answers one order after the other, each within a third of its lease's time, or with
/// an error and a sentence. Every answer is the whole truth at that moment, so one that got lost
/// costs nothing but time.
using engine_actor = caf::typed_actor<caf::replies_to<engine_order>::with<engine_answer>>;

/// Who wants to hear that what an engine has may have changed: it then asks before its next turn.
/// A hint that is missing costs a second at most.
using engine_listener = caf::typed_actor<caf::reacts_to<caf::update_atom>>;

} // namespace pgstatsmon
