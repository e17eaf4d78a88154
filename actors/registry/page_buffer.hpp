// Where a page is written: the caller's bytes, and what did not fit into them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace pgstatsmon {

/// Lets a writer write whole lines into chunks of any size: what does not fit is kept and begins
/// the next chunk. A writer that stops when full() keeps that to about a line.
class page_buffer {
public:
  /// Begins a chunk with what the last one left.
  void open(char* to, size_t max) noexcept {
    begin_ = pos_ = to;
    end_ = to + max;
    drain();
  }

  /// True if there is no point in writing more into this chunk.
  [[nodiscard]] bool full() const noexcept { return pos_ == end_ || !rest_.empty(); }

  /// Room for `most` bytes, to be written before the next call of any member.
  char* claim(size_t most) {
    if (rest_.empty() && static_cast<size_t>(end_ - pos_) >= most) [[likely]]
      return pos_;
    auto used = rest_.size();
    rest_.resize(used + most);
    return rest_.data() + used;
  }

  /// Ends what claim() began.
  /// @param end One past the last byte written.
  void commit(char* end) {
    if (rest_.empty()) [[likely]]
      pos_ = end;
    else
      rest_.resize(static_cast<size_t>(end - rest_.data()));
  }

  void append(std::string_view text) {
    auto* to = claim(text.size());
    std::memcpy(to, text.data(), text.size());
    commit(to + text.size());
  }

  /// Ends the chunk.
  /// @returns the bytes that are in it; 0 if nothing was left and nothing was written.
  size_t close() noexcept {
    drain();
    return static_cast<size_t>(pos_ - begin_);
  }

private:
  void drain() noexcept {
    if (rest_.empty())
      return;
    auto n = std::min(rest_.size() - drained_, static_cast<size_t>(end_ - pos_));
    std::memcpy(pos_, rest_.data() + drained_, n);
    pos_ += n;
    drained_ += n;
    if (drained_ == rest_.size()) {
      rest_.clear();
      drained_ = 0;
    }
  }

  char* begin_ = nullptr;
  char* pos_ = nullptr;
  char* end_ = nullptr;
  std::string rest_;
  size_t drained_ = 0; // bytes of rest_ that are in a chunk already
};

} // namespace pgstatsmon
