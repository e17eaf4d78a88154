// File descriptors: how many backends may have, and how many are kept for everything else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace pgstatsmon {

struct settings;

/// How a process' limit of open files is dealt out.
struct descriptor_plan {
  uint64_t limit = 0;        ///< RLIMIT_NOFILE.
  uint64_t sessions = 0;     ///< For sockets to backends, at least 1.
  uint32_t page_clients = 0; ///< For clients of the page, at least 1.

  /// What backends never get.
  [[nodiscard]] uint64_t reserved() const { return limit > sessions ? limit - sessions : 0; }

  friend bool operator==(const descriptor_plan&, const descriptor_plan&) = default;
};

/// Deals out a limit. What the process itself has open comes first; then come the page, and files,
/// name servers, consoles and discovery, each with what it may need at most, or a quarter of a
/// limit that is too small for all.
descriptor_plan plan_descriptors(uint64_t limit, const settings& x);

/// The limit at which all backends that the file lists find descriptors, two each: while a session
/// is replaced or its role set up, there are two. Where their databases are visited, each has those
/// sessions besides.
uint64_t descriptors_needed(const settings& x);

/// A sentence when the limit can't hold what the file lists; empty when it can. Backends that are
/// discovered later are not counted.
std::string descriptor_warning(const settings& x, uint64_t limit);

/// The limit of this process.
uint64_t descriptor_limit();

} // namespace pgstatsmon
