// Shares of a time limit.
#include "actors/backend/address_attempts.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgstatsmon {

void address_attempts::begin(std::vector<std::string> found, time_point deadline) {
  addresses_ = found.empty() ? std::vector<std::string>{{}} : std::move(found);
  if (auto i = std::ranges::find(addresses_, preferred_); i != addresses_.end())
    std::rotate(addresses_.begin(), i, i + 1);
  next_ = 0;
  deadline_ = deadline;
  current_.clear();
  errors_.clear();
}

std::optional<address_attempts::attempt> address_attempts::next(time_point now) {
  if (!any_left() || now >= deadline_)
    return std::nullopt;
  auto left = caf::timespan{deadline_ - now};
  share_ = left / static_cast<int64_t>(addresses_.size() - next_);
  current_ = addresses_[next_++];
  return attempt{current_, share_};
}

std::vector<std::string> address_attempts::first_of(const std::vector<std::string>& found) const {
  if (found.empty())
    return {};
  return {std::ranges::find(found, preferred_) == found.end() ? found.front() : preferred_};
}

bool address_attempts::another_may_help(const session_error& error) noexcept {
  if (error.reason == failure::starting_up)
    return true;
  return error.sqlstate.empty() && error.reason != failure::auth
         && error.reason != failure::too_large;
}

session_error address_attempts::silence() const {
  if (current_.empty())
    return {.reason = failure::timeout, .message = "no connection within connect_timeout"};
  auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(share_).count();
  return {.reason = failure::timeout,
          .message = fmt::format("{} did not answer within {} ms", current_, ms)};
}

session_error address_attempts::summary() const {
  auto result = errors_.back();
  result.message.clear();
  for (const auto& error : errors_)
    result.message += (result.message.empty() ? "" : "; ") + error.message;
  return result;
}

} // namespace pgstatsmon
