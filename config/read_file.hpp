// Reads files that somebody else writes.
#pragma once

#include <caf/expected.hpp>

#include <cstddef>
#include <string>

namespace pgstatsmon {

/// The beginning of a file: all of it, or `most` bytes. Takes as much memory as that, and no more.
/// Blocks. @returns ec::unreadable_file with a sentence that names the file.
caf::expected<std::string> read_file(const std::string& path, size_t most);

} // namespace pgstatsmon
