// What a source has to say of itself beyond numbers: written by the source, read by DISCOVERY.
#pragma once

#include "actors/discovery/found.hpp"

#include <mutex>
#include <string>
#include <vector>

namespace pgstatsmon {

/// Why the newest attempt failed, and what the newest list had that is not watched. Any thread.
class source_notes {
public:
  /// Rejections that are kept as text.
  static constexpr size_t max_rejected = 100;

  /// @param problem Why the newest attempt failed; empty: it did not.
  void set_problem(std::string problem);

  void set_rejected(const std::vector<rejection>& rejected);

  [[nodiscard]] std::string problem() const;

  /// A sentence each, max_rejected at most.
  [[nodiscard]] std::vector<std::string> rejected() const;

private:
  mutable std::mutex mutex_;
  std::string problem_;
  std::vector<std::string> rejected_;
};

} // namespace pgstatsmon
