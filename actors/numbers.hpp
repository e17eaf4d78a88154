// Numbers that tell what still counts from what is over: an actor's timers, watches and attempts.
#pragma once

#include <cstdint>

namespace pgstatsmon {

/// Gives out numbers, each once. An actor has one of these, so that a number alone says what it is
/// of. For one thread at a time.
class numbers {
public:
  uint64_t fresh() noexcept { return ++last_; }

private:
  uint64_t last_ = 0;
};

/// The number that counts: of something that is begun again and again, the newest time. It goes
/// with each message that is sent for it, and whatever comes back with another one is late and
/// void.
class counting_number {
public:
  /// @param from Outlives it.
  explicit counting_number(numbers& from) noexcept : from_{&from}, value_{from.fresh()} {}

  /// It begins anew. What was begun before is void.
  uint64_t renew() noexcept { return value_ = from_->fresh(); }

  /// Nothing that was begun counts any more.
  void expire() noexcept { renew(); }

  [[nodiscard]] uint64_t value() const noexcept { return value_; }

  /// Whether what has this number counts.
  [[nodiscard]] bool is(uint64_t x) const noexcept { return x == value_; }

private:
  numbers* from_;
  uint64_t value_;
};

} // namespace pgstatsmon
