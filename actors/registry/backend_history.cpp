// One writer, many readers: what is small is atomic, what is not is replaced as a whole.
#include "actors/registry/backend_history.hpp"

#include <algorithm>

namespace pgstatsmon {

namespace {

size_t index_of(backend_state x) noexcept {
  return static_cast<size_t>(x);
}

int64_t ticks_of(backend_history::time_point x) noexcept {
  return x.time_since_epoch().count();
}

} // namespace

void backend_history::enter(backend_state state, time_point now) noexcept {
  auto old = state_.load(std::memory_order_relaxed);
  auto since = since_.load(std::memory_order_relaxed);
  if (old == state && since != 0)
    return;
  if (since != 0) {
    auto& spent = spent_[index_of(old)];
    spent.store(spent.load(std::memory_order_relaxed) + ticks_of(now) - since,
                std::memory_order_relaxed);
  }
  state_.store(state, std::memory_order_relaxed);
  since_.store(ticks_of(now), std::memory_order_relaxed);
}

void backend_history::add_error(backend_error error) {
  auto old = errors();
  auto list = std::make_shared<error_list>();
  list->reserve(max_errors);
  list->push_back(std::move(error));
  auto kept = std::min(old->size(), max_errors - 1);
  list->insert(list->end(), old->begin(), old->begin() + static_cast<int64_t>(kept));
  errors_.store(std::move(list), std::memory_order_release);
}

backend_history::time_point backend_history::since() const noexcept {
  return time_point{time_point::duration{since_.load(std::memory_order_relaxed)}};
}

caf::timespan backend_history::spent(backend_state state, time_point now) const noexcept {
  auto result = spent_[index_of(state)].load(std::memory_order_relaxed);
  auto since = since_.load(std::memory_order_relaxed);
  if (since != 0 && state_.load(std::memory_order_relaxed) == state)
    result += std::max<int64_t>(ticks_of(now) - since, 0);
  return caf::timespan{result};
}

std::shared_ptr<const error_list> backend_history::errors() const {
  auto result = errors_.load(std::memory_order_acquire);
  return result == nullptr ? std::make_shared<const error_list>() : result;
}

} // namespace pgstatsmon
