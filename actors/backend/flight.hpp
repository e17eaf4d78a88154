// A flight: the statements that one poll sends, and what each of them is for.
#pragma once

#include "actors/backend/pins.hpp"
#include "actors/backend/plan.hpp"
#include "actors/backend/session.hpp"
#include "actors/registry/looks.hpp"
#include "config/catalogue.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace pgstatsmon {

/// The prepared statements of one connection, by query and variant.
class prepared_statements {
public:
  using key = std::pair<size_t, size_t>;

  /// The name of a query's statement on the server.
  [[nodiscard]] std::string name(key x) const;

  [[nodiscard]] bool contains(key x) const { return ready_.contains(x); }

  /// The server has it.
  void add(key x) { ready_.insert(x); }

  /// It failed in a way that preparing it may have caused. From now on it is sent whole, so that
  /// however often it fails nothing more is left of it on the server.
  void give_up(key x) { given_up_.insert(x); }

  [[nodiscard]] bool is_given_up(key x) const { return given_up_.contains(x); }

private:
  std::set<key> ready_;
  std::set<key> given_up_;
};

/// Whose the server session at the other end is.
enum class footing : uint8_t {
  unknown, ///< Not asked yet, so treated as shared.
  own,     ///< Ours alone: it keeps settings and prepared statements.
  shared,  ///< A pooler's: each Sync may meet another one, which others use too.
};

/// The statement that says what time it is on the server.
inline constexpr prepared_statements::key clock_key{SIZE_MAX, 0};

/// The statement that asks for the server's place in its cluster.
inline constexpr prepared_statements::key cluster_key{SIZE_MAX, 1};

/// What is known of one session at the other end.
struct session_memory {
  footing ground = footing::unknown;
  prepared_statements prepared{};

  /// Queries that went well and quickly when they were asked last, and may share a Sync.
  std::set<prepared_statements::key> proven{};

  bool clock = true;   ///< The server has not refused to say what time it is.
  bool cluster = true; ///< ... nor its place in its cluster.
};

/// What a statement of a flight is for.
enum class purpose : uint8_t {
  arrival,  ///< A lone Sync or its like: its answer marks one round trip, so that no query's time
            ///< contains it.
  guards,   ///< session_pins().
  role,     ///< `pg_is_in_recovery()`, before PostgreSQL 14.
  rights,   ///< rights_query().
  facts,    ///< facts_query().
  place,    ///< Whether this is the database that is visited.
  clock,    ///< The server's clock: when the query before it was done, which is the step's, or when
            ///< the next one begins.
  query,    ///< A query of the plan.
  texts,    ///< query_definition::texts.
  look,     ///< look_sql().
  cluster,  ///< cluster_query().
  settings, ///< settings_query().
};

/// What one statement of a flight is.
struct step {
  purpose what = purpose::query;
  size_t query = 0;                   ///< Index into catalogue::queries().
  size_t variant = 0;                 ///< Index into query_definition::variants.
  look at = look::locks;              ///< Of a look.
  std::chrono::milliseconds limit{0}; ///< Its own time limit; 0: none.
  bool timed =
    false; ///< A clock stands before it and behind it; of a clock: the step's query does.
  bool may_share = false; ///< Nothing but how it goes is against sharing a Sync.

  friend bool operator==(const step&, const step&) = default;
};

/// What a server is asked of its place in its cluster.
enum class cluster_question : uint8_t {
  none,
  whole, ///< With which server it is.
  place, ///< That is known of this session.
};

/// The statements of one poll, and for each what it is.
struct flight {
  std::vector<statement> statements;
  std::vector<step> steps;
};

/// What a flight carries besides the plan. Empty text: it is not needed.
struct flight_extras {
  /// In place of the lone Sync, which the simple query protocol has not: what costs nothing.
  std::string arrival{};

  std::string pins{}; ///< local_pins(), before each of the others: the session is not ours alone.
  std::string guards{};
  std::string role{};
  std::string rights{};
  std::string facts{};
  std::string place{};
  std::string settings{};

  std::vector<size_t> texts{};                       ///< Queries whose texts are asked, too.
  std::vector<std::pair<look, std::string>> looks{}; ///< With their SQL.
  cluster_question cluster = cluster_question::none;

  /// Queries are timed by the server's clock; only then can they share a Sync.
  bool clocks = false;

  /// Pins with another time limit, for a query that has its own.
  std::function<std::string(std::chrono::milliseconds)> pins_for{};
};

/// What a session needs for its footing: pins, guards and time limits.
flight_extras extras_for(const session_limits& limits, const server_facts& facts, footing how);

/// The time that a server may say nothing while a query is under way.
/// @param own_limit The query's; 0: it has none.
/// @param query_timeout Of queries that have none of their own.
std::chrono::milliseconds patience_for(std::chrono::milliseconds own_limit,
                                       std::chrono::milliseconds query_timeout);

/// The error of a result with more rows than it may have; nothing when it has not.
std::optional<session_error> too_many_rows(const pg_result* rows, uint32_t most);

/// The boolean that a statement answered with.
std::optional<bool> boolean(const pg_result* rows);

/// Puts a flight together. Queries that are proven and follow one another share a Sync, where the
/// session is ours alone and the server limits the time of each statement within a Sync, from 11
/// on. Each of the others has its own: so do those with an interval or a time limit of their own,
/// and those that name what is not the system's, so that no lock on it outlives them.
/// @param facts Has the schemas of extensions and the tables that are shown.
/// @param memory Prepared statements are made and used where the session is ours alone.
flight make_flight(const catalogue& queries, const plan& what, const flight_extras& extras,
                   const plan_facts& facts, const session_memory& memory);

} // namespace pgstatsmon
