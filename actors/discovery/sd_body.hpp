// Reads a list of backends as files and http_sd servers give it. Pure.
#pragma once

#include "actors/discovery/found.hpp"

#include <caf/expected.hpp>

#include <string>
#include <string_view>

namespace pgstatsmon {

/// Reads JSON or YAML: a list whose items are groups of targets as Prometheus' file_sd and http_sd
/// have them, `{targets: ["host:port"], labels: {}}`, or entries as in `static.dbs`,
/// `{name, ip, port, database, user, role, labels}`.
///
/// A target's name is itself, or what the label `name` says. The labels `__role__`,
/// `__database__` and `__user__` say what they say for a static entry; other labels that begin
/// with `__` are left out. A target that is no `host:port`, and the targets of a group with a
/// label that can't be, are rejected one by one; a list of another form is no list at all.
///
/// @param file Names the text in faults.
/// @returns the list, or ec::bad_configuration with every fault as `FILE:LINE:COLUMN: ...`, a line
/// each. Never throws.
caf::expected<found_list> parse_backends(std::string_view text, const std::string& file);

} // namespace pgstatsmon
