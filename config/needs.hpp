// What a query needs of a server, a role or a session before it can be asked.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgstatsmon {

/// One thing that must hold.
struct need {
  enum class kind : uint8_t {
    functions, ///< The functions that setup makes before PostgreSQL 10.
    extension, ///< It is installed, in `value` or a later version; empty: in any.
    setting,   ///< It has the value, or, if `unequal`, another one.
    role,      ///< We have the rights of this role.
    select,    ///< We may read this relation, which is there.
    execute,   ///< We may call this function, which is there.
  };

  kind what = kind::functions;
  std::string name{};
  std::string value{};
  bool unequal = false;

  friend auto operator<=>(const need&, const need&) = default;
};

/// Reads `functions`, `extension NAME [>= VERSION]`, `setting NAME = VALUE`, `setting NAME !=
/// VALUE`, `right ROLE`, `right select SCHEMA.RELATION` or `right execute SCHEMA.FUNCTION(TYPES)`.
/// @returns nothing when it is none of them.
std::optional<need> parse_need(std::string_view text);

/// As parse_need() reads it.
std::string to_string(const need& x);

/// Whether a version is another or a later one: its numbers are compared one by one, `1.10` is
/// after `1.9`.
bool is_at_least(std::string_view version, std::string_view least) noexcept;

} // namespace pgstatsmon
