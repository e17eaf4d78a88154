// What can go wrong, in one list: the error codes of every caf::error and the classes of a failed
// poll.
#pragma once

#include <caf/error.hpp>
#include <caf/make_message.hpp> // CAF_ERROR_CODE_ENUM needs it

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace pgstatsmon {

/// Codes of our caf::error values; the message context carries the sentence for the operator.
enum class ec : uint8_t {
  none = 0, ///< CAF: code 0 means "no error".
  /// The configuration or a query definition is wrong; the context lists every fault, a line each.
  bad_configuration,
  /// A file cannot be read or written.
  unreadable_file,
  /// The listen address cannot be had.
  listen_failed,
  /// A host name has no address, or the name service did not answer in time.
  dns_failed,
  /// A backend could not be reached, or refused us.
  connect_failed,
  /// A discovery source did not answer, or its answer cannot be believed.
  discovery_failed,
  /// Only a primary can do what was asked for.
  is_standby,
  /// A bounded wait ended.
  timeout,
  /// No backend has that name.
  no_such_backend,
  /// As much as may wait waits already.
  busy,
  /// A line of the console that is no command.
  bad_command,
  /// The engine that keeps the leases of daemons that share a fleet can't be used.
  cluster_failed,
};

/// The name of a code, as logs show it.
constexpr std::string_view to_string_view(ec x) noexcept {
  switch (x) {
  case ec::none: return "none";
  case ec::bad_configuration: return "bad configuration";
  case ec::unreadable_file: return "unreadable file";
  case ec::listen_failed: return "cannot listen";
  case ec::dns_failed: return "name resolution failed";
  case ec::connect_failed: return "connect failed";
  case ec::discovery_failed: return "discovery failed";
  case ec::is_standby: return "is a standby";
  case ec::timeout: return "timeout";
  case ec::no_such_backend: return "no such backend";
  case ec::busy: return "busy";
  case ec::bad_command: return "bad command";
  case ec::cluster_failed: return "cluster failed";
  }
  return "unknown";
}

/// Why a connection or a poll failed: the `reason` label of
/// `pgstatsmon_backend_failures_total`, decided by SQLSTATE where the server said one.
enum class failure : uint8_t {
  none,    ///< Nothing failed.
  auth,    ///< SQLSTATE class 28: the server does not let this role in.
  refused, ///< Nothing listens there (ECONNREFUSED).
  timeout, ///< No answer in time, or 57014 (statement_timeout), or 55P03 (lock_timeout).
  too_many_connections, ///< 53300: the server is full.
  role_limit,           ///< 53300: the role's own limit is reached, or the database's.
  no_database,          ///< 3D000: the server has no such database.
  starting_up,          ///< 57P03: the server is starting, stopping or in recovery.
  tls,                  ///< The TLS handshake failed, or TLS is required and not offered.
  dns,                  ///< The host name has no address.
  network,              ///< The connection broke, or the host is not reachable.
  ended,                ///< 57P01 and its like: an administrator or the server ended the session.
  descriptors,          ///< This process may open no more files.
  query,                ///< At least one query failed; the connection is good.
  too_large,            ///< The server sent more than it may.
  stats_users,          ///< pgbouncer's console is not for this role.
  other,                ///< Everything else.
};

/// Every class but `none`, in the order in which metrics show them.
constexpr std::array<failure, 16> all_failures{
  failure::auth,       failure::refused,     failure::timeout,     failure::too_many_connections,
  failure::role_limit, failure::no_database, failure::starting_up, failure::tls,
  failure::dns,        failure::network,     failure::ended,       failure::descriptors,
  failure::query,      failure::too_large,   failure::stats_users, failure::other};

/// The label value of a class.
constexpr std::string_view to_string_view(failure x) noexcept {
  switch (x) {
  case failure::none: return "none";
  case failure::auth: return "auth";
  case failure::refused: return "refused";
  case failure::timeout: return "timeout";
  case failure::too_many_connections: return "too_many_connections";
  case failure::role_limit: return "role_limit";
  case failure::no_database: return "no_database";
  case failure::starting_up: return "starting_up";
  case failure::tls: return "tls";
  case failure::dns: return "dns";
  case failure::network: return "network";
  case failure::ended: return "ended";
  case failure::descriptors: return "descriptors";
  case failure::query: return "query";
  case failure::too_large: return "too_large";
  case failure::stats_users: return "stats_users";
  case failure::other: return "other";
  }
  return "other";
}

/// For caf::deep_to_string.
inline std::string to_string(failure x) {
  return std::string{to_string_view(x)};
}
inline std::string to_string(ec x) {
  return std::string{to_string_view(x)};
}

} // namespace pgstatsmon

CAF_ERROR_CODE_ENUM(pgstatsmon::ec, "pgstatsmon")

namespace pgstatsmon {

/// The sentence that an error carries for the operator; CAF's rendering when it carries none.
inline std::string sentence_of(const caf::error& x) {
  if (x.context().match_elements<std::string>())
    return x.context().get_as<std::string>(0);
  return caf::to_string(x);
}

} // namespace pgstatsmon
