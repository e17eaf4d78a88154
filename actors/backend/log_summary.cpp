// The first few lines of a kind, and one for the others.
#include "actors/backend/log_summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace pgstatsmon {

namespace {

/// Lines of a kind in a period that are written as they are.
constexpr size_t max_written = 5;

/// Backends that a summary names.
constexpr size_t max_named = 3;

constexpr std::chrono::minutes period{1};

/// The first summary of a period waits for a whole fleet to fail, and no longer.
constexpr std::chrono::seconds first_wait{10};

/// 4870 as 4,870.
std::string grouped(size_t number) {
  auto digits = std::to_string(number);
  std::string result;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0)
      result += ',';
    result += digits[i];
  }
  return result;
}

std::string summary_of(std::string_view kind, const std::set<std::string>& backends) {
  std::string names;
  auto left = max_named;
  for (auto i = backends.begin(); i != backends.end() && left > 0; ++i, --left) {
    if (!names.empty())
      names += ", ";
    names += *i;
  }
  if (backends.size() <= max_named)
    return fmt::format("{} more backends: {}: {}", grouped(backends.size()), kind, names);
  return fmt::format("{} more backends: {}, for instance {}", grouped(backends.size()), kind,
                     names);
}

} // namespace

bool log_summary::worth_a_line(spdlog::level::level_enum level, std::string_view kind,
                               const std::string& backend, time_point now) {
  std::lock_guard guard{mutex_};
  auto i = kinds_.find(kind);
  if (i == kinds_.end())
    i = kinds_.emplace(kind, kind_state{.level = level, .since = now}).first;
  auto& state = i->second;
  if (state.silent.empty() && now - state.since >= period) {
    state.written = 0;
    state.since = now;
  }
  if (state.silent.empty() && state.written < max_written) {
    ++state.written;
    return true;
  }
  if (state.silent.empty())
    state.due = std::max(state.due, now + first_wait);
  state.silent.insert(backend);
  return false;
}

std::vector<log_summary::line> log_summary::sum_up(time_point now) {
  std::lock_guard guard{mutex_};
  std::vector<line> result;
  for (auto& [kind, state] : kinds_) {
    if (state.silent.empty() || now < state.due)
      continue;
    result.push_back({state.level, summary_of(kind, state.silent)});
    state.silent.clear();
    state.due = now + period;
    state.since = now; // and until then, all that comes is summed up
  }
  return result;
}

} // namespace pgstatsmon
