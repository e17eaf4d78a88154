// A poll, one backend's queries run once, and its outcome.
#pragma once

#include "messages/backend.hpp"
#include "messages/error.hpp"

#include <caf/meta/type_name.hpp>
#include <caf/timespan.hpp>

#include <cstdint>

namespace pgstatsmon {

/// Asks a CONNECTION to poll its backend now.
struct poll {
  uint64_t tick = 0;         ///< The tick in which the backend fell due.
  caf::timespan interval{0}; ///< How often it does.
  bool sample = false;       ///< Asks only what is sampled between two polls (`activity.sample`).
  friend bool operator==(const poll&, const poll&) = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, poll& x) {
  return f(caf::meta::type_name("poll"), x.tick, x.interval, x.sample);
}

/// How a poll ended.
struct poll_report {
  failure reason = failure::none; ///< `none` when every query succeeded.
  bool polled = false;            ///< False when the backend was not READY, so nothing was sent.
  caf::timespan duration{0};      ///< From the first byte sent to the last result, in ns.
  uint64_t rows = 0;              ///< Rows received.
  friend bool operator==(const poll_report&, const poll_report&) = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, poll_report& x) {
  return f(caf::meta::type_name("poll_report"), x.reason, x.polled, x.duration, x.rows);
}

/// A CONNECTION became READY after having been something else: its backend is due at once.
struct backend_ready {
  incarnation life = 0;
  friend bool operator==(const backend_ready&, const backend_ready&) = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, backend_ready& x) {
  return f(caf::meta::type_name("backend_ready"), x.life);
}

/// From the SCHEDULER: a backend is wanted without a session, or with one again.
struct session_order {
  bool connect = true; ///< False: end the session once no poll is under way, and make no other.
  friend bool operator==(const session_order&, const session_order&) = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, session_order& x) {
  return f(caf::meta::type_name("session_order"), x.connect);
}

/// From the REACTOR: a socket that was watched has something to say.
struct socket_ready {
  uint64_t watch = 0;  ///< The number that the watch was given; others are stale.
  uint32_t events = 0; ///< EPOLL* bits; 0: the socket can't be watched.
  friend bool operator==(const socket_ready&, const socket_ready&) = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, socket_ready& x) {
  return f(caf::meta::type_name("socket_ready"), x.watch, x.events);
}

} // namespace pgstatsmon
