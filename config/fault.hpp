// A fault of a file that people write: where it is, and what is expected there.
#pragma once

#include <caf/error.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pgstatsmon {

/// A fault of a file: where, and what is expected.
struct fault {
  size_t line = 0;   ///< From 1; 0 when the fault has no place.
  size_t column = 0; ///< From 1.
  std::string path;  ///< `connections.query_timeout`, `static.dbs[2].ip`; empty for the whole file.
  std::string what;

  friend bool operator==(const fault&, const fault&) = default;
};

/// `FILE:LINE:COLUMN: path.to.key: what is wrong, what is expected`, without what has no value.
std::string to_string(const fault& x, std::string_view file);

/// All faults as one error: ec::bad_configuration, a line each, in order of position.
caf::error make_error(std::vector<fault> faults, std::string_view file);

/// The sentence or lines that an error of ours carries for the operator, without its code.
std::string context_of(const caf::error& x);

} // namespace pgstatsmon
