// Gives memory that was freed back to the system.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace pgstatsmon {

/// Tells when enough was freed for a walk over the heap to pay. Pure.
class heap_level {
public:
  /// @param used Bytes in use now.
  /// @returns whether that is 4 MiB and a quarter less than the most since it last did so.
  bool has_fallen(size_t used) noexcept;

  /// More was in use than anybody has looked at: the next answer is yes.
  void was_high() noexcept { most_ = SIZE_MAX; }

private:
  size_t most_ = SIZE_MAX; ///< Starting takes more than running.
};

/// malloc keeps what is freed, between blocks that are still in use: after a thousand backends have
/// gone that is more than all that is left. For one thread.
class heap_keeper {
public:
  using clock = std::chrono::steady_clock;

  explicit heap_keeper(clock::time_point now) : next_look_{now + pause} {}

  /// Looks every ten seconds, and gives back what is free when much was freed. Takes some ms then.
  void look(clock::time_point now);

  /// A configuration was read, which takes memory for a moment.
  void configuration_was_read() noexcept { level_.was_high(); }

private:
  static constexpr std::chrono::seconds pause{10};

  heap_level level_;
  clock::time_point next_look_;
};

} // namespace pgstatsmon
