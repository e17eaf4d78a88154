// Looks: what a server said about a moment, for people. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <libpq-fe.h>

namespace pgstatsmon {

/// What somebody may look at.
enum class look : uint8_t {
  locks,   ///< Sessions that wait for locks, and those in their way.
  holders, ///< Who holds back what: the longest transaction, the xmin horizon, WAL.
};

inline constexpr std::array all_looks{look::locks, look::holders};

/// Of messages about it.
[[nodiscard]] std::string_view to_string_view(look x) noexcept;

/// A session that waits for a lock, or that others wait for.
struct lock_session {
  int64_t pid = 0;               ///< 0: a prepared transaction.
  std::vector<int64_t> blockers; ///< Whom it waits for; empty: nobody.
  std::string database;
  std::string role;
  std::string application;
  std::string client; ///< Address, or `local`.
  std::string state;
  std::string lock;        ///< What it waits for; empty: nothing.
  double waits = 0;        ///< For so many seconds.
  double transaction = -1; ///< Age of its transaction, s; negative: none.
  std::string statement{}; ///< As it runs; empty unless `activity.texts`.
};

/// Who holds something back.
struct holder {
  std::string what;     ///< `longest transaction`, `xmin horizon`, `prepared transaction`, `slot`.
  std::string who;      ///< A pid, or the name of a transaction or slot.
  std::string database; ///< Empty: none.
  std::string role;
  std::string application;
  std::string state;
  double seconds = -1;      ///< Since when; negative: unknown.
  double transactions = -1; ///< Old; negative: it is not about them.
  double bytes = -1;        ///< Of WAL; negative: the same.
  std::string statement{};  ///< As of a lock_session.
};

/// The answers of one server; immutable.
struct look_answers {
  double when = 0; ///< Unix time, s.
  std::vector<lock_session> locks;
  std::vector<holder> holders;
};

using look_answers_ptr = std::shared_ptr<const look_answers>;

/// Replaces what was read of the same look. Columns are found by name; of a missing one nothing is
/// known. 500 rows are read, and 200 bytes of each text.
void read_look(look what, const PGresult& rows, look_answers& to);

/// A line of the tree of those that wait for one another.
struct lock_line {
  const lock_session* session; ///< One of those given.
  size_t depth = 0;            ///< 0: it waits for nobody.
  size_t behind = 0;           ///< Sessions that wait for it, directly or not.
};

/// Who waits for whom: each session once, below the first that it waits for. Those in the way of
/// most come first. A circle begins with the one that has waited longest.
std::vector<lock_line> lock_tree(const std::vector<lock_session>& sessions);

} // namespace pgstatsmon
