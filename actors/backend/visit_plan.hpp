// The visits of one server's databases: which is next, and who keeps a session. Pure.
#pragma once

#include "actors/backend/database_list.hpp"
#include "config/databases.hpp"

#include <caf/actor_clock.hpp>
#include <caf/timespan.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pgstatsmon {

/// How a visit ended.
enum class visit_outcome : uint8_t {
  good,    ///< It had an answer.
  skipped, ///< There was nothing to ask.
  failed,  ///< The database is at fault.
  no_room, ///< The server, the role or we have no session left: all visits rest for a while.
};

/// Sessions, those that are kept and those of visits, are never more than `keep` and `at_once`
/// together, and leave some to others. A session is kept in the busiest databases, and only as long
/// as others are connected to them: an idle one of ours would stop DROP DATABASE.
class visit_plan {
public:
  using time_point = caf::actor_clock::time_point;

  /// @param own The backend's own database, which is not visited.
  visit_plan(const database_rules& rules, std::string own);

  /// Databases that came and went; one that was made anew is in both.
  struct change {
    std::vector<std::string> gone;
    std::vector<std::string> come;
  };

  /// Takes a new list. Those that are watched stay when there are more than `max`, then come the
  /// busiest.
  change learn(const database_list& list, time_point now);

  /// The time between two visits of a database.
  void set_interval(caf::timespan x) { interval_ = x; }

  /// The next visit, which is under way from now on.
  std::optional<std::string> next(time_point now);

  /// A visit is over. Its session is gone unless it is kept(), or was before and `good` or
  /// `skipped` said so.
  void ended(const std::string& name, visit_outcome how, time_point now);

  [[nodiscard]] bool kept(const std::string& name) const;

  /// Sessions that idle and are kept no longer.
  std::vector<std::string> surplus();

  /// A session that was kept is gone.
  void lost(const std::string& name);

  /// A session was closed, and the server may have it still; until it has not.
  void leaving() { ++leaving_; }
  void left() { --leaving_; }

  /// When next() may have something, if no visit ends and no list comes before.
  [[nodiscard]] std::optional<time_point> due() const;

  /// Whether what its last good visit brought is too old to be shown: by three intervals, not
  /// counting how long it waits for its turn; or nobody has been visited for twenty.
  [[nodiscard]] bool stale(const std::string& name, time_point now) const;

  /// All that the server has of ours, for whatever it is.
  [[nodiscard]] size_t sessions() const;
  [[nodiscard]] size_t watched() const noexcept { return entries_.size(); }
  [[nodiscard]] uint64_t excluded() const noexcept { return excluded_; }
  [[nodiscard]] uint64_t beyond_max() const noexcept { return beyond_max_; }

private:
  struct entry {
    std::string oid;
    uint64_t transactions = 0;
    uint64_t activity = 0; ///< Transactions between the last two lists.
    bool busy = false;     ///< Others are connected to it.
    bool wanted = false;   ///< Its session is to be kept.
    bool kept = false;
    bool under_way = false;
    uint32_t failures = 0; ///< In a row.
    time_point due;
    std::optional<time_point> good; ///< When its last good visit ended.
  };

  std::vector<const listed_database*> choose(const database_list& list);
  void learn_room(const database_list& list);
  void choose_kept();
  [[nodiscard]] size_t visits() const;

  database_rules rules_;
  std::string own_;
  database_filter filter_;
  caf::timespan interval_{std::chrono::seconds{30}};
  time_point last_ended_; ///< When anybody's last visit did.
  std::map<std::string, entry> entries_;
  size_t room_ = 0;    ///< For sessions.
  size_t leaving_ = 0; ///< Sessions that are closed and not gone yet.
  time_point rest_until_;
  uint64_t excluded_ = 0;
  uint64_t beyond_max_ = 0;
};

} // namespace pgstatsmon
