// Every type and atom that travels in a message, in one list.
#pragma once

#include "messages/backend.hpp"
#include "messages/cluster.hpp"
#include "messages/configuration.hpp"
#include "messages/desk.hpp"
#include "messages/error.hpp"
#include "messages/lease.hpp"
#include "messages/poll.hpp"
#include "messages/samples.hpp"
#include "messages/status.hpp"

#include <caf/type_id.hpp>

#define ADD_TYPE(type) CAF_ADD_TYPE_ID(pgstatsmon, type)
#define ADD_ATOM(name) CAF_ADD_ATOM(pgstatsmon, pgstatsmon::atom, name, #name)

CAF_BEGIN_TYPE_ID_BLOCK(pgstatsmon, caf::first_custom_type_id)

  ADD_TYPE((pgstatsmon::backend))
  ADD_TYPE((pgstatsmon::backend_list))
  ADD_TYPE((pgstatsmon::backend_added))
  ADD_TYPE((pgstatsmon::backend_removed))
  ADD_TYPE((pgstatsmon::backend_changed))
  ADD_TYPE((pgstatsmon::backend_ready))
  ADD_TYPE((pgstatsmon::poll))
  ADD_TYPE((pgstatsmon::poll_report))
  ADD_TYPE((pgstatsmon::session_order))
  ADD_TYPE((pgstatsmon::socket_ready))
  ADD_TYPE((pgstatsmon::poll_order))
  ADD_TYPE((pgstatsmon::pause_order))
  ADD_TYPE((pgstatsmon::resume_order))
  ADD_TYPE((pgstatsmon::scheduler_status))
  ADD_TYPE((pgstatsmon::discovery_status))

CAF_END_TYPE_ID_BLOCK(pgstatsmon)

#undef ADD_TYPE
#undef ADD_ATOM
