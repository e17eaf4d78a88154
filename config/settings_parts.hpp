// The parts of the configuration file, each read by a function of its own.
#pragma once

#include "config/reader.hpp"
#include "config/settings.hpp"

namespace pgstatsmon {

/// `interval`, `stale_after`, `user` and their like: what stands at the top level.
void read_polling(fields& top, settings& x);

/// `connections`.
void read_connections(const value& self, connection_settings& x);

/// `target`.
void read_target(const value& self, target_settings& x);

/// `discovery`, `roles`, `static`, `vmapi`, `file`, `http_sd` and `dns`. `root` is what contains
/// them; user, database and backend_port must have been read.
void read_sources(const value& root, fields& top, settings& x);

} // namespace pgstatsmon
