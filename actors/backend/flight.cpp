// Putting a flight together.
#include "actors/backend/flight.hpp"

#include "actors/backend/cluster_facts.hpp"
#include "actors/backend/foreign_names.hpp"
#include "config/tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <string_view>
#include <utility>

#include <libpq-fe.h>

namespace pgstatsmon {

namespace {

/// How long past its time limit a server may be silent: the time that "timeout" needs to travel.
constexpr auto grace = std::chrono::seconds{1};

/// From here on each statement within a Sync has the time that statement_timeout gives.
constexpr int32_t limits_each_statement = 110000;

/// In seconds, which is what costs a server least to write.
constexpr std::string_view clock_sql =
  "SELECT pg_catalog.date_part('epoch', pg_catalog.clock_timestamp())";

} // namespace

// Each poll needs one for each of its statements: most of them fit into a string without memory.
std::string prepared_statements::name(key x) const {
  if (x == clock_key)
    return "pgstatsmon_now";
  if (x == cluster_key)
    return "pgstatsmon_cluster";
  std::string result{"pgstatsmon_"};
  auto append = [&](size_t number) {
    std::array<char, std::numeric_limits<size_t>::digits10 + 1> digits{};
    auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    result.append(digits.data(), end);
  };
  append(x.first);
  result += '_';
  append(x.second);
  return result;
}

flight_extras extras_for(const session_limits& limits, const server_facts& facts, footing how) {
  flight_extras result;
  if (how != footing::own)
    result.pins = local_pins(limits, facts.version);
  if (how == footing::unknown)
    result.guards = session_pins(limits, facts.version, facts.process);
  result.pins_for = [limits = session_limits{limits}, version = facts.version,
                     own = how == footing::own](std::chrono::milliseconds timeout) mutable {
    if (own)
      return timeout_pin(timeout.count());
    limits.statement_timeout = timeout.count();
    return local_pins(limits, version);
  };
  return result;
}

std::chrono::milliseconds patience_for(std::chrono::milliseconds own_limit,
                                       std::chrono::milliseconds query_timeout) {
  return std::max(query_timeout, own_limit) + grace;
}

std::optional<session_error> too_many_rows(const pg_result* rows, uint32_t most) {
  if (rows == nullptr || static_cast<uint32_t>(PQntuples(rows)) <= most)
    return std::nullopt;
  return session_error{
    .reason = failure::too_large,
    .message = fmt::format("{} rows, more than connections.max_query_rows", PQntuples(rows))};
}

std::optional<bool> boolean(const pg_result* rows) {
  if (rows == nullptr || PQntuples(rows) != 1 || PQnfields(rows) < 1
      || PQgetisnull(rows, 0, 0) != 0)
    return std::nullopt;
  return *PQgetvalue(rows, 0, 0) == 't';
}

namespace {

/// Puts the statements of a flight one behind the other.
class flight_maker {
public:
  flight_maker(const catalogue& queries, const flight_extras& extras, const plan_facts& facts,
               const session_memory& memory)
    : queries_{queries}, extras_{extras}, facts_{facts}, memory_{memory} {
    clocks_ = extras.clocks && memory.clock;
  }

  void add_extras(const plan& what) {
    // With two clocks for each query, and what else there may be.
    constexpr size_t others = 12;
    auto asked = std::ranges::count_if(what, [](const auto& x) { return x.has_value(); });
    auto most = 3 * static_cast<size_t>(asked) + others;
    made_.steps.reserve(most);
    made_.statements.reserve(most);
    add({.what = purpose::arrival}, {.sql = extras_.arrival});
    add_extra(purpose::guards, {}, extras_.guards);
    add_extra(purpose::role, extras_.pins, extras_.role);
    add_extra(purpose::rights, extras_.pins, extras_.rights);
    add_extra(purpose::facts, extras_.pins, extras_.facts);
    add_extra(purpose::place, extras_.pins, extras_.place);
    add_extra(purpose::settings, extras_.pins, extras_.settings);
  }

  /// It may share a Sync as queries may, once it went well.
  void add_cluster() {
    if (extras_.cluster == cluster_question::none || !memory_.cluster
        || facts_.version < first_with_cluster)
      return;
    auto whole = extras_.cluster == cluster_question::whole;
    auto can = !whole && clocks_ && facts_.version >= limits_each_statement;
    auto how = prepared(cluster_key, !whole, [&] { return cluster_query(facts_.version, whole); });
    how.pins = extras_.pins;
    how.sync = !can || !memory_.proven.contains(cluster_key);
    add({.what = purpose::cluster, .may_share = can}, std::move(how));
  }

  void add_queries(const plan& what) {
    for (size_t i = 0; i < what.size(); ++i)
      if (what[i]) {
        auto x = step_of(i, *what[i]);
        add_query(x, x.may_share && memory_.proven.contains({i, *what[i]}));
      }
    end_group();
  }

  void add_texts() {
    for (auto i : extras_.texts) {
      const auto& query = queries_.queries()[i];
      add({.what = purpose::texts, .query = i, .limit = query.timeout},
          {.pins = pins_of(query), .sql = facts_.found.with_schemas(query.texts)});
    }
  }

  void add_looks() {
    for (const auto& [which, sql] : extras_.looks)
      add({.what = purpose::look, .at = which}, {.pins = extras_.pins, .sql = sql});
  }

  flight made() { return std::move(made_); }

private:
  void add(const step& what, statement how) {
    made_.steps.push_back(what);
    made_.statements.push_back(std::move(how));
  }

  void add_extra(purpose why, const std::string& pins, const std::string& sql) {
    if (!sql.empty())
      add({.what = why}, {.pins = pins, .sql = sql});
  }

  [[nodiscard]] std::string pins_of(const query_definition& query) const {
    auto own_limit = query.timeout.count() > 0 && extras_.pins_for;
    return own_limit ? extras_.pins_for(query.timeout) : extras_.pins;
  }

  [[nodiscard]] step step_of(size_t query, size_t variant) const {
    const auto& definition = queries_.queries()[query];
    const auto& text = definition.variants[variant].sql;
    // Until the session's footing is known none is shared, and what may be is found out.
    auto can = clocks_ && memory_.ground != footing::shared
               && facts_.version >= limits_each_statement && definition.every.count() == 0
               && definition.timeout.count() == 0 && !moves(text)
               && (memory_.proven.contains({query, variant}) || !names_what_is_foreign(text));
    return {.what = purpose::query,
            .query = query,
            .variant = variant,
            .limit = definition.timeout,
            .timed = clocks_,
            .may_share = can};
  }

  /// With what it is timed by.
  void add_query(const step& x, bool shares) {
    if (!shares)
      end_group();
    const auto& query = queries_.queries()[x.query];
    const auto& text = query.variants[x.variant].sql;
    auto how = prepared({x.query, x.variant}, !moves(text), [&] {
      return with_tables(facts_.found.with_schemas(text), facts_.collect.tables);
    });
    if (!clocks_)
      how.pins = pins_of(query);
    else if (!std::exchange(in_group_, true))
      add_clock({}, pins_of(query));
    add(x, std::move(how));
    if (clocks_)
      add_clock({.query = x.query, .variant = x.variant, .timed = true}, {});
    if (!shares)
      end_group();
  }

  /// What comes next has another Sync.
  void end_group() {
    made_.statements.back().sync = true;
    in_group_ = false;
  }

  void add_clock(step what, std::string pins) {
    what.what = purpose::clock;
    auto how = prepared(clock_key, true, [] { return std::string{clock_sql}; });
    how.pins = std::move(pins);
    if (std::exchange(clock_sent_, true) && how.prepare) {
      how.prepare = false;
      how.sql.clear();
    }
    add(what, std::move(how));
  }

  /// By name if the server keeps it, which it is asked to if it may.
  template <class Text>
  [[nodiscard]] statement prepared(prepared_statements::key key, bool may_keep, Text text) const {
    auto keep = memory_.ground == footing::own && may_keep && !memory_.prepared.is_given_up(key);
    auto known = keep && memory_.prepared.contains(key);
    return {.name = keep ? memory_.prepared.name(key) : std::string{},
            .sql = known ? std::string{} : text(),
            .prepare = keep && !known,
            .sync = false};
  }

  /// An extension may move, and then the statement would be another one of the same name.
  static bool moves(std::string_view text) { return text.find("{schema ") != text.npos; }

  const catalogue& queries_;
  const flight_extras& extras_;
  const plan_facts& facts_;
  const session_memory& memory_;
  bool clocks_ = false;
  bool clock_sent_ = false; ///< It is prepared by now, if it ever is.
  bool in_group_ = false;   ///< What comes next may share a Sync with what came before.
  flight made_;
};

} // namespace

flight make_flight(const catalogue& queries, const plan& what, const flight_extras& extras,
                   const plan_facts& facts, const session_memory& memory) {
  flight_maker result{queries, extras, facts, memory};
  result.add_extras(what);
  result.add_cluster();
  result.add_queries(what);
  result.add_texts();
  result.add_looks();
  return result.made();
}

} // namespace pgstatsmon
