// Which backends a list shows, and in which order.
#pragma once

#include "actors/console/sources.hpp"

#include <caf/expected.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace pgstatsmon {

/// `--filter` and `--sort`, and the parameters `filter` and `sort` of `/api/v1/backends`.
struct backend_selection {
  /// `NAME=VALUE` or `NAME!=VALUE`, all of which must hold. NAME is a label, or what JSON calls
  /// something of a backend; `*` in VALUE stands for any text.
  std::vector<std::string> filters{};

  /// A column as people or JSON call it, or a label: numbers from the largest, words from the
  /// first. `-` in front turns that round. What is not known stands last. Empty: as they stand.
  std::string sort{};

  friend bool operator==(const backend_selection&, const backend_selection&) = default;
};

/// Those that are asked for, in that order; of what is sorted, those that are alike stand by name.
/// @returns ec::bad_command for a filter that is none, and for a name that nothing has.
caf::expected<entry_list> selected(const entry_list& all, const backend_selection& by,
                                   const fleet_view& fleet, const look_time& now);

/// Every word that a filter may be, of what tells backends apart: `role=standby`; in order.
std::vector<std::string> filter_words(const entry_list& all);

/// Every word that a sort may be but labels, in order.
std::vector<std::string> sort_words();

/// Whether a text is what a pattern says, in which `*` stands for any text.
bool matches_pattern(std::string_view text, std::string_view pattern) noexcept;

/// Whether a name stands before another: in letters, with numbers in it as numbers.
bool name_before(std::string_view x, std::string_view y) noexcept;

} // namespace pgstatsmon
