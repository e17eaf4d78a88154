// What a member had when it last knew, in the state directory: for a start without an engine.
#pragma once

#include "actors/cluster/slots.hpp"

#include <caf/error.hpp>
#include <caf/expected.hpp>

#include <string>
#include <vector>

namespace pgstatsmon {

/// Whose slots they were.
struct owned_by {
  std::string fleet;
  std::string member;
};

/// Where it is kept.
std::string owned_file_path(const std::string& state_dir);

/// Writes it so that a crash or a full disk leaves the old or the new one whole. Blocks for the
/// disk; never throws. @returns ec::unreadable_file with the reason.
caf::error keep_owned(const std::string& state_dir, const owned_by& who,
                      const std::vector<slot_number>& slots);

/// Reads it back: an empty list when there is none, or it is another's or of another layout.
/// @returns ec::unreadable_file with a sentence when it can't be read. Never throws.
caf::expected<std::vector<slot_number>> read_owned(const std::string& state_dir,
                                                   const owned_by& who);

} // namespace pgstatsmon
