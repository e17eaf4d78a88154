// A source's last good list in the state directory, for the next start.
#pragma once

#include "actors/discovery/source_spec.hpp"

#include <caf/error.hpp>
#include <caf/expected.hpp>

#include <string>
#include <vector>

namespace pgstatsmon {

/// Tells the questions of two sources apart: what is asked of whom, not how. A list that was the
/// answer to another question is of no use. Says nothing of what it is made from.
std::string fingerprint(const source_spec& x);

/// Where the list of a source is kept.
std::string kept_list_path(const std::string& state_dir, const std::string& source);

/// Writes the list so that a crash or a full disk at any moment leaves the old or the new one
/// whole. Makes the directory if its parent exists.
/// @returns ec::unreadable_file with the reason. Blocks for the disk; never throws.
caf::error keep_list(const source_spec& x, const std::vector<found_backend>& list);

/// Reads the list back.
/// @returns an empty list when none was kept or it answered another question; ec::unreadable_file
/// with a sentence when it can't be read. Never throws.
caf::expected<std::vector<found_backend>> read_kept_list(const source_spec& x);

} // namespace pgstatsmon
