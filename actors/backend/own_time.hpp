// What receiving and reading a statement's result takes of our own CPU time. Pure.
#pragma once

#include <caf/timespan.hpp>

#include <functional>
#include <utility>

namespace pgstatsmon {

/// CPU time of the calling thread since it began.
caf::timespan thread_cpu_time() noexcept;

/// A stop watch of a flight's results: they come one after the other, one in several pieces or
/// several at once, on whichever thread runs the actor by then.
class own_time {
public:
  using clock = std::function<caf::timespan()>;

  /// @param read CPU time of the thread that calls; null: nothing is measured, nor asked.
  explicit own_time(clock read = nullptr) : read_{std::move(read)} {}

  /// Bytes are about to be received.
  void resume() {
    if (read_)
      since_ = read_();
  }

  /// They were.
  void pause() {
    if (read_)
      gathered_ += read_() - since_;
  }

  /// Between the two: a result has been read.
  /// @returns what it took since the one before; 0 when nothing is measured.
  caf::timespan lap() {
    if (!read_)
      return caf::timespan{0};
    auto now = read_();
    auto result = std::exchange(gathered_, caf::timespan{0}) + (now - since_);
    since_ = now;
    return result;
  }

  /// What was gathered belongs to no result that comes.
  void reset() { gathered_ = caf::timespan{0}; }

private:
  clock read_;
  caf::timespan since_{0};
  caf::timespan gathered_{0};
};

} // namespace pgstatsmon
