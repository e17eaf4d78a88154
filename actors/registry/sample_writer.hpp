// Writes the samples of one family of one backend.
#pragma once

#include "actors/registry/histogram.hpp"
#include "actors/registry/number.hpp"
#include "actors/registry/page_buffer.hpp"
#include "actors/registry/snapshot.hpp"

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace pgstatsmon {

/// Which samples are left out.
enum class zeros : uint8_t { shown, hidden };

/// Writes lines `name{backend="..",<labels>,<static labels>} value`.
class sample_writer {
public:
  /// All must outlive the writer.
  sample_writer(page_buffer& to, std::string_view name, const entry& of,
                zeros which = zeros::shown) noexcept
    : to_{&to}, name_{name}, of_{&of}, hidden_{which == zeros::hidden} {}

  /// @param labels Rendered label text; may be empty.
  void sample(std::string_view labels, double x) { line({}, labels, {}, x); }

  /// One sample of a family that has several for each row.
  /// @param suffix Behind the family's name: `_bucket`.
  /// @param own Label text that only this one has: `le="5"`; may be empty.
  void part(std::string_view suffix, std::string_view labels, std::string_view own, double x) {
    line(suffix, labels, own, x);
  }
  void sample(std::string_view labels, uint64_t x) { line({}, labels, {}, x); }

  /// Writes cumulative buckets, sum and count, from one look at each bucket: the count is that of
  /// the `+Inf` bucket. All of them, unless it is empty and zeros are left out.
  template <size_t N>
  void histogram_of(const histogram<N>& x) {
    if (hidden_ && x.count() == 0)
      return;
    auto hidden = std::exchange(hidden_, false);
    uint64_t seen = 0;
    for (size_t i = 0; i < N; ++i) {
      seen += x.bucket(i);
      bucket(x.upper()[i], seen);
    }
    seen += x.bucket(N);
    line("_bucket", R"(le="+Inf")", {}, seen);
    line("_sum", {}, {}, x.sum());
    line("_count", {}, {}, seen);
    hidden_ = hidden;
  }

private:
  void bucket(double upper, uint64_t seen) {
    std::array<char, max_number_size + 8> le{};
    auto* end = write_number(put(le.data(), R"(le=")"), upper);
    *end++ = '"';
    line("_bucket", {le.data(), end}, {}, seen);
  }

  template <class T>
  void line(std::string_view name_suffix, std::string_view labels, std::string_view own, T x) {
    if (hidden_ && x == T{}) [[unlikely]]
      return;
    constexpr size_t punctuation = 8;
    auto* p = to_->claim(name_.size() + name_suffix.size() + of_->prefix.size() + labels.size()
                         + own.size() + of_->suffix.size() + punctuation + max_number_size);
    p = put(put(p, name_), name_suffix);
    *p++ = '{';
    p = put(p, of_->prefix);
    if (!labels.empty()) {
      *p++ = ',';
      p = put(p, labels);
    }
    if (!own.empty()) {
      *p++ = ',';
      p = put(p, own);
    }
    p = put(put(p, of_->suffix), "} ");
    p = write_number(p, x);
    *p++ = '\n';
    to_->commit(p);
  }

  static char* put(char* p, std::string_view x) noexcept { return p + x.copy(p, x.size()); }

  page_buffer* to_;
  std::string_view name_;
  const entry* of_;
  bool hidden_; ///< Zeros are.
};

} // namespace pgstatsmon
