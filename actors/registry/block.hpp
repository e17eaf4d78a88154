// A block: the samples of one backend's last poll, as they came, by row.
#pragma once

#include "config/catalogue.hpp"

#include <bit>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pgstatsmon {

/// The value of a sample that does not exist (a NULL): a NaN that no server sends, as
/// NaNs from a server are counted and dropped.
constexpr double absent_sample() noexcept {
  return std::bit_cast<double>(uint64_t{0x7FF8'0000'6162'7365});
}

/// True for absent_sample() alone, not for other NaNs.
constexpr bool is_absent(double x) noexcept {
  return std::bit_cast<uint64_t>(x) == std::bit_cast<uint64_t>(absent_sample());
}

/// The rows of one query: one arena with every row's label text, escaped and rendered once, and
/// one array of values, row by row. About 15 bytes a series.
class section {
public:
  section() = default;

  /// @param metrics Values per row.
  explicit section(size_t metrics) : metrics_{metrics} {}

  /// Makes room for `rows` rows with `label_bytes` bytes of label text in all.
  void reserve(size_t rows, size_t label_bytes);

  /// Adds a row whose values are all absent; fill them with set(). All label text together is
  /// less than 4 GiB.
  /// @param labels Rendered label text, `schemaname="public",relname="t1"`; may be empty.
  void add_row(std::string_view labels);

  /// Sets a value of the newest row.
  void set(size_t metric, double x) noexcept { set(rows() - 1, metric, x); }

  /// Sets a value of a row.
  void set(size_t row, size_t metric, double x) noexcept { values_[row * metrics_ + metric] = x; }

  [[nodiscard]] size_t rows() const noexcept { return ends_.size(); }
  [[nodiscard]] size_t metrics() const noexcept { return metrics_; }

  [[nodiscard]] std::string_view labels(size_t row) const noexcept {
    auto begin = row == 0 ? 0 : ends_[row - 1];
    return std::string_view{arena_}.substr(begin, ends_[row] - begin);
  }

  [[nodiscard]] double value(size_t row, size_t metric) const noexcept {
    return values_[row * metrics_ + metric];
  }

  /// Samples that are not absent.
  [[nodiscard]] size_t series() const noexcept;

  /// Bytes of label text.
  [[nodiscard]] size_t label_bytes() const noexcept { return arena_.size(); }

  /// Gives back what reserve() took too much.
  void shrink();

private:
  size_t metrics_ = 0;
  std::string arena_;
  std::vector<uint32_t> ends_;
  std::vector<double> values_;
};

using section_ptr = std::shared_ptr<const section>;

/// The sections that a backend has on the page. Immutable once it is shared.
class block {
public:
  /// @param sections One per query of the catalogue, in its order; null for a query that has
  /// nothing to show. Blocks share those that are older than the newest poll.
  block(catalogue_ptr queries, std::vector<section_ptr> sections);

  [[nodiscard]] const catalogue_ptr& queries() const noexcept { return queries_; }

  /// What a query has to show.
  [[nodiscard]] const section& of(size_t query) const noexcept;

  /// The same; null when the query has nothing to show, not even that it found no row. Blocks of
  /// one backend share a section while it is kept.
  [[nodiscard]] const section* find(size_t query) const noexcept { return sections_[query].get(); }

  /// Sections, empty ones included.
  [[nodiscard]] size_t size() const noexcept { return sections_.size(); }
  [[nodiscard]] size_t series() const noexcept { return series_; }

private:
  catalogue_ptr queries_;
  std::vector<section_ptr> sections_;
  size_t series_ = 0;
};

} // namespace pgstatsmon
