// A mutex is enough: a source writes once a poll, and people read.
#include "actors/discovery/source_notes.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgstatsmon {

void source_notes::set_problem(std::string problem) {
  std::lock_guard guard{mutex_};
  problem_ = std::move(problem);
}

void source_notes::set_rejected(const std::vector<rejection>& rejected) {
  std::vector<std::string> text;
  text.reserve(std::min(rejected.size(), max_rejected));
  for (const auto& x : rejected) {
    if (text.size() == max_rejected)
      break;
    text.push_back(fmt::format("{} ({}): {}", x.what, to_string_view(x.reason), x.detail));
  }
  std::lock_guard guard{mutex_};
  rejected_ = std::move(text);
}

std::string source_notes::problem() const {
  std::lock_guard guard{mutex_};
  return problem_;
}

std::vector<std::string> source_notes::rejected() const {
  std::lock_guard guard{mutex_};
  return rejected_;
}

} // namespace pgstatsmon
