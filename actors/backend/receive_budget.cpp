// The counting, and the words for each bound.
#include "actors/backend/receive_budget.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace pgstatsmon {

namespace {

std::string too_much(std::string_view what, uint64_t limit, std::string_view option) {
  return fmt::format("the server sent more than {:.4g} MiB {} ({})",
                     static_cast<double>(limit) / (1 << 20), what, option);
}

} // namespace

receive_budget::receive_budget(std::shared_ptr<fleet_bytes> fleet)
  : fleet_{fleet == nullptr ? std::make_shared<fleet_bytes>(0) : std::move(fleet)} {
  // nop
}

receive_budget::~receive_budget() {
  end_poll();
}

void receive_budget::begin_poll() noexcept {
  end_poll();
  polling_ = true;
}

void receive_budget::end_poll() noexcept {
  fleet_->fetch_sub(poll_, std::memory_order_relaxed);
  query_ = poll_ = 0;
  time_ = {};
  polling_ = false;
}

std::optional<std::string> receive_budget::count(uint64_t bytes, std::chrono::nanoseconds time) {
  time_ += time;
  if (time_ > time_limit)
    return "what the server sends takes more than a second of CPU to read";
  if (!polling_) {
    chatter_ += bytes;
    if (chatter_ > chatter_limit)
      return "the server sent more than 256 KiB that nobody asked for";
    return std::nullopt;
  }
  query_ += bytes;
  poll_ += bytes;
  auto all = fleet_->fetch_add(bytes, std::memory_order_relaxed) + bytes;
  if (query_ > limits_.query)
    return too_much("for one query", limits_.query, "connections.max_query_bytes");
  if (poll_ > limits_.poll)
    return too_much("for one poll", limits_.poll, "connections.max_poll_bytes");
  if (all > limits_.fleet)
    return too_much("while others were read, for all together", limits_.fleet,
                    "connections.max_fleet_bytes");
  return std::nullopt;
}

} // namespace pgstatsmon
