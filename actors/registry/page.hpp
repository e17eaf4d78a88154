// The page: the samples of all backends, family by family, as text in chunks of any size.
#pragma once

#include "actors/registry/page_buffer.hpp"
#include "actors/registry/page_layout.hpp"
#include "actors/registry/snapshot.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace pgstatsmon {

/// Writes one page in Prometheus' text format 0.0.4, as much at a time as it is asked for. Shows
/// the blocks that were the newest when it was made, and holds them. Memory: a few words per
/// backend and family, and what did not fit into the last chunk (about one backend's samples of
/// one of our own families at most, plus the text about the daemon), never the page. For one
/// thread at a time.
class page_reader {
public:
  /// @param backends What to show.
  /// @param layout Of what families; a block that has another catalogue is left out.
  /// @param daemon Text of the process-wide families, in the same format; asked for once, when
  /// its turn comes.
  page_reader(snapshot_ptr backends, layout_ptr layout, std::function<std::string()> daemon);

  /// Writes the next bytes of the page.
  /// @param max At least 1.
  /// @returns how many; 0 at the end of the page, less than `max` only there.
  size_t read(char* to, size_t max);

private:
  void write_data();
  void write_parts();
  void write_rows(const section& rows);
  void write_own();
  [[nodiscard]] zeros zeros_of(const own_family& family, const backend_metrics& counts) const;
  void write_daemon();
  void write_header(std::string_view name, std::string_view type, std::string_view help);
  void next_family() noexcept;

  snapshot_ptr backends_;
  layout_ptr layout_;
  std::vector<shown_blocks> blocks_; // of backends_, in its order
  std::function<std::string()> daemon_;
  page_buffer out_;

  // -- where we are -------------------------------------------------------------------------------

  size_t family_ = 0;  // into the layout's data, then its own
  size_t backend_ = 0; // into backends_
  size_t part_ = 0;    // of the backend's blocks: its own, then those of other databases
  size_t row_ = 0;     // of the section of these three
  bool headed_ = false;
};

} // namespace pgstatsmon
