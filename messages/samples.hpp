// What travels from a poll to the page. These never leave the process.
#pragma once

#include "messages/backend.hpp"
#include "messages/vital_signs.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

struct pg_result; // libpq's PGresult

namespace pgstatsmon {

class block;
class backend_metrics;
class catalogue;
class canceller;

/// The samples of a backend's last poll; immutable once published.
using block_ptr = std::shared_ptr<const block>;

/// The query definitions in force; immutable.
using catalogue_ptr = std::shared_ptr<const catalogue>;

/// What we count about one backend: relaxed atomics, any thread.
using metrics_ptr = std::shared_ptr<backend_metrics>;

/// From CONNECTION to the REGISTRY: a new block.
struct backend_samples {
  incarnation life = 0;
  block_ptr samples;
  vital_reading vitals{}; ///< Of these samples.
};

/// From VISITOR to the REGISTRY: a new block of one of the other databases.
struct database_samples {
  incarnation life = 0;
  std::string database;
  block_ptr samples{}; ///< Null: the database is gone.
};

/// To the REGISTRY: a backend exists; its own metrics are on every page from now on.
struct backend_known {
  backend value;
  incarnation life = 0;
  metrics_ptr metrics;
};

/// To the REGISTRY: a backend is gone, nothing of it is on the next page.
struct backend_forgotten {
  incarnation life = 0;
};

struct database_list;

/// From CONNECTION to VISITOR: the server as its session sees it, and its databases.
struct server_seen {
  std::string address; ///< The literal address that answers; empty: backend::address is one.
  int32_t version = 0;
  server_role role = server_role::unknown;
  bool takes_options = true;                      ///< It has not refused startup options.
  std::shared_ptr<const database_list> databases; ///< Never null.
};

/// To the WORKER: what must be looked up before a connection attempt.
struct lookup {
  std::string host{};          ///< Empty: nothing to resolve.
  std::string password_file{}; ///< Empty: no password to read.
};

/// From the WORKER.
struct lookup_result {
  std::vector<std::string> addresses{}; ///< Literal, in the order of preference.
  std::string password{};
};

/// Cancels what a session runs (session.hpp); any thread that may block.
using canceller_ptr = std::shared_ptr<const canceller>;

/// To the WORKER: a cancel request to be sent.
struct cancel_request {
  canceller_ptr request; ///< Never null.
};

} // namespace pgstatsmon

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgstatsmon::backend_samples)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgstatsmon::database_samples)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgstatsmon::backend_known)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgstatsmon::backend_forgotten)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgstatsmon::server_seen)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgstatsmon::lookup)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgstatsmon::lookup_result)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgstatsmon::cancel_request)
