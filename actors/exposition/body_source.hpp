// A body that is made while it is sent.
#pragma once

#include <cstddef>

namespace pgstatsmon {

/// The bytes of a response, as much at a time as is asked for. For one thread at a time.
class body_source {
public:
  body_source() = default;
  body_source(const body_source&) = delete;
  body_source& operator=(const body_source&) = delete;
  virtual ~body_source() = default;

  /// @param max At least 1.
  /// @returns how many bytes were written; 0 at the end.
  virtual size_t read(char* to, size_t max) = 0;
};

} // namespace pgstatsmon
