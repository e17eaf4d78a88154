// Small files that may change while we run.
#pragma once

#include <caf/expected.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace pgstatsmon {

/// What shows that a file is another one, or was written; all zero when there is none.
struct file_stamp {
  uint64_t device = 0;
  uint64_t inode = 0;
  int64_t size = 0;
  int64_t modified = 0; ///< ns.
  int64_t changed = 0;  ///< ns: also when it was renamed, or its rights changed.

  friend bool operator==(const file_stamp&, const file_stamp&) = default;
};

/// The stamps of several files, in their order. What a symbolic link leads to counts.
std::vector<file_stamp> stamps_of(const std::vector<std::string>& paths);

/// The content of a regular file of at most 1 MiB; ec::unreadable_file with the reason, without the
/// path. Never waits as for a pipe's other end.
caf::expected<std::string> read_small_file(const std::string& path);

} // namespace pgstatsmon
