// A backend, one PostgreSQL server or pgbouncer that we watch, and what is said about its coming
// and going.
#pragma once

#include "messages/collect.hpp"
#include "messages/databases.hpp"

#include <caf/meta/type_name.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgstatsmon {

/// Label names and values in the order in which they are shown.
using label_list = std::vector<std::pair<std::string, std::string>>;

/// libpq's keywords and their values; of those with one keyword the last counts.
using parameter_list = std::vector<std::pair<std::string, std::string>>;

/// What answers at a backend's address.
enum class backend_kind : uint8_t {
  postgres,  ///< A database of a PostgreSQL server, perhaps behind a pooler.
  pgbouncer, ///< The admin console of a pgbouncer: SHOW commands, in the simple query protocol.
};

/// What a configuration calls a kind.
constexpr std::string_view to_string_view(backend_kind x) noexcept {
  switch (x) {
  case backend_kind::postgres: return "postgres";
  case backend_kind::pgbouncer: return "pgbouncer";
  }
  return "unknown";
}

/// For caf::deep_to_string.
inline std::string to_string(backend_kind x) {
  return std::string{to_string_view(x)};
}

/// The database that is pgbouncer's admin console.
inline constexpr std::string_view console_database = "pgbouncer";

/// One PostgreSQL server, or one pgbouncer, as a discovery source describes it.
struct backend {
  std::string id;   ///< Identity: the VM's uuid or the entry's name, then `@address:port/database`.
  std::string name; ///< The `backend` label, unique among the live backends.
  std::string address;  ///< Host name or literal IPv4/IPv6 address, without brackets.
  uint16_t port = 5432; ///< 1..65535.
  std::string database; ///< The database to connect to.
  std::string user;     ///< The role to connect as.
  label_list labels;    ///< Static labels of all its series, none of them `backend`.
  std::string source;   ///< The discovery source that found it.
  collect_rules collect{};
  database_rules databases{};
  backend_kind kind = backend_kind::postgres;
  std::string password_file{}; ///< The role's here; empty: the configuration's.
  parameter_list parameters{}; ///< Of this backend alone; they win over those of all.

  friend bool operator==(const backend&, const backend&) = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, backend& x) {
  return f(caf::meta::type_name("backend"), x.id, x.name, x.address, x.port, x.database, x.user,
           x.labels, x.source, x.collect, x.databases, x.kind, x.password_file, x.parameters);
}

using backend_list = std::vector<backend>;

/// A backend exists from now on.
struct backend_added {
  backend value;
  friend bool operator==(const backend_added&, const backend_added&) = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, backend_added& x) {
  return f(caf::meta::type_name("backend_added"), x.value);
}

/// A backend goes on, described otherwise: with other labels, from another source, or let in with
/// another password or other parameters. All else is as it was.
struct backend_changed {
  backend value;
  friend bool operator==(const backend_changed&, const backend_changed&) = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, backend_changed& x) {
  return f(caf::meta::type_name("backend_changed"), x.value);
}

/// A backend is gone, whatever it is doing.
struct backend_removed {
  std::string id; ///< As in backend::id.
  friend bool operator==(const backend_removed&, const backend_removed&) = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, backend_removed& x) {
  return f(caf::meta::type_name("backend_removed"), x.id);
}

/// One life of a backend: never used twice while the daemon runs, so that what an ended life still
/// sends is not taken for its successor's.
using incarnation = uint64_t;

/// Where a backend is in its life.
enum class backend_state : uint8_t {
  connecting, ///< A connection attempt is under way.
  setup,      ///< The role does not exist yet, setup is creating it.
  ready,      ///< Connected and idle.
  polling,    ///< Connected, queries under way.
  backoff,    ///< Waiting before the next connection attempt.
  /// No session, and none wanted now: by order, or until the next poll.
  disconnected,
};

constexpr std::array<backend_state, 6> all_backend_states{
  backend_state::connecting, backend_state::setup,   backend_state::ready,
  backend_state::polling,    backend_state::backoff, backend_state::disconnected};

/// The label value of a state.
constexpr std::string_view to_string_view(backend_state x) noexcept {
  switch (x) {
  case backend_state::connecting: return "connecting";
  case backend_state::setup: return "setup";
  case backend_state::ready: return "ready";
  case backend_state::polling: return "polling";
  case backend_state::backoff: return "backoff";
  case backend_state::disconnected: return "disconnected";
  }
  return "unknown";
}

/// Why a backend is polled as often as it is.
enum class pace_reason : uint8_t {
  fixed,        ///< All have the same interval, or nothing is known of the server.
  transactions, ///< As many as the server has.
  waiting,      ///< Sessions wait for locks.
  lag,          ///< It is behind its primary.
  changed,      ///< Its role has changed.
};

constexpr std::string_view to_string_view(pace_reason x) noexcept {
  switch (x) {
  case pace_reason::fixed: return "fixed";
  case pace_reason::transactions: return "transactions";
  case pace_reason::waiting: return "waiting";
  case pace_reason::lag: return "lag";
  case pace_reason::changed: return "changed";
  }
  return "unknown";
}

/// Whether the role, its rights and, before PostgreSQL 10, its functions are in place.
enum class setup_state : uint8_t {
  unknown,  ///< Not connected yet.
  done,     ///< The role may see everything.
  pending,  ///< Setup is under way, or will be tried.
  failed,   ///< Setup was tried and failed; it is tried again with backoff.
  standby,  ///< Rights are missing, and only the primary can give them.
  disabled, ///< Rights are missing, and the configuration has setup off.
};

constexpr std::array<setup_state, 6> all_setup_states{setup_state::unknown, setup_state::done,
                                                      setup_state::pending, setup_state::failed,
                                                      setup_state::standby, setup_state::disabled};

/// The label value of a setup state.
constexpr std::string_view to_string_view(setup_state x) noexcept {
  switch (x) {
  case setup_state::unknown: return "unknown";
  case setup_state::done: return "done";
  case setup_state::pending: return "pending";
  case setup_state::failed: return "failed";
  case setup_state::standby: return "standby";
  case setup_state::disabled: return "disabled";
  }
  return "unknown";
}

/// What a server is: decides which queries apply.
enum class server_role : uint8_t { unknown, primary, standby, pgbouncer };

/// The name of a role, as logs show it.
constexpr std::string_view to_string_view(server_role x) noexcept {
  switch (x) {
  case server_role::unknown: return "unknown";
  case server_role::primary: return "primary";
  case server_role::standby: return "standby";
  case server_role::pgbouncer: return "pgbouncer";
  }
  return "unknown";
}

} // namespace pgstatsmon
