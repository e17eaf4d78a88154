// The settings of a server, to notice when they change. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <libpq-fe.h>

namespace pgstatsmon {

/// The kind of the row that loaded_query() makes.
inline constexpr std::string_view loaded_row = "loaded";

/// Asks, as a row of kind, name and value, when the server read its settings: only then can they
/// have changed. It joins what asks for facts.
std::string loaded_query();

/// The value of that row; empty when it is not there.
std::string loaded_at(const PGresult& rows);

/// Asks for the settings that all sessions have. Not among them: what our session has of its own,
/// and what a role or a database sets. Texts that may hold secrets (commands, connection strings,
/// whatever an extension calls its own) leave the server as a hash alone.
/// @param server_version As 150018.
std::string settings_query(int32_t server_version);

/// A setting that is not what it was.
struct setting_change {
  std::string name;
  bool hidden = false;  ///< Its value may be a secret: `from` and `to` are empty.
  bool pending = false; ///< Changed in the files, and a restart is needed: it still is `from`.
  std::string from;     ///< With its unit: `4096kB`.
  std::string to;       ///< Empty if `pending`: the server does not say.

  friend bool operator==(const setting_change&, const setting_change&) = default;
};

/// What one server's settings were. Those that are as PostgreSQL ships them take no memory.
class server_settings {
public:
  /// Settings that are looked at, and bytes of each value.
  static constexpr int max_settings = 2000;
  static constexpr size_t max_value = 200;

  /// @param server What tells servers apart: those of another one are no change.
  /// @param rows As settings_query() asked for them; anything else is ignored.
  /// @returns what changed since the last time; nothing the first time.
  std::vector<setting_change> learn(const std::string& server, const PGresult& rows);

private:
  std::string server_;
  bool known_ = false;
  std::string set_; ///< Lines of name, value and pending, by name.
};

/// A value with its unit, which may be a number of one: (16384, 8kB) is 131072kB.
std::string with_unit(std::string_view value, std::string_view unit);

} // namespace pgstatsmon
