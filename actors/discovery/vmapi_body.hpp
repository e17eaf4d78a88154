// Reads the JSON that VMAPI answers with. Pure.
#pragma once

#include "actors/discovery/vmapi_match.hpp"

#include <caf/expected.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace pgstatsmon {

/// Reads a page of `GET /vms`: an array of objects, each with a uuid; anything else that is
/// missing or of another type counts as not given. Keeps only what matters while it reads.
/// @returns the VMs in their order, or ec::discovery_failed with a sentence. Never throws.
caf::expected<std::vector<vm>> parse_vms(std::string_view body);

/// The `message` of an error body, with those of its `errors`, on one line of at most 300 bytes;
/// empty when there is none. Never throws.
std::string error_message(std::string_view body);

} // namespace pgstatsmon
