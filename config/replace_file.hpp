// A file that is replaced as a whole.
#pragma once

#include <caf/error.hpp>

#include <string>
#include <string_view>

namespace pgstatsmon {

/// Writes a file so that a crash or a full disk at any moment leaves the old or the new one whole.
/// Makes its directory if that one's parent exists. Blocks for the disk.
/// @param directory That `path` is in.
/// @returns ec::unreadable_file with the reason.
caf::error replace_file(const std::string& directory, const std::string& path,
                        std::string_view text);

} // namespace pgstatsmon
