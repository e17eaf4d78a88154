// The parts of the configuration file, each read by a function of its own.
#pragma once

#include "config/reader.hpp"
#include "config/settings.hpp"

namespace pgstatsmon {

/// `interval`, `stale_after`, `user` and their like: what stands at the top level.
void read_polling(fields& top, settings& x);

/// Warns of an interval below a second that the file says, most likely because it was meant to be
/// seconds.
void warn_if_short(const value& x, milliseconds interval);

/// `connections`.
void read_connections(const value& self, connection_settings& x);

/// `parameters`, for all backends or for some of them.
void read_parameters(const value& self, bool guards, connect_parameters& x);

/// `target`.
void read_target(const value& self, target_settings& x);

/// What `etcd` says, wherever it stands: endpoints, user and limits. `s` are its fields.
void read_etcd(const value& self, fields& s, etcd_settings& x);

/// What keys in etcd begin with: a slash is before it and none behind it; empty: all keys.
std::optional<std::string> parse_namespace(const value& x);

/// `discovery`, `roles`, `static`, `vmapi`, `file`, `http_sd`, `dns` and `patroni`. `root` is what
/// contains them; user, database and backend_port must have been read.
void read_sources(const value& root, fields& top, settings& x);

} // namespace pgstatsmon
