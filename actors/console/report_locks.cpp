// `locks NAME`: who waits for whom, and who holds back what.
#include "actors/console/reports.hpp"
#include "actors/registry/looks.hpp"

#include <fmt/ranges.h>

#include <algorithm>

namespace pgstatsmon {

namespace {

/// Seconds of a server; negative: not known.
cell seconds(double x) {
  constexpr double nanosecond = 1e-9;
  constexpr double longest = 9e9; // that a timespan holds
  if (x < 0 || x > longest)
    return none();
  return {.text = span(caf::timespan{static_cast<int64_t>(x / nanosecond)}).text, .json = x};
}

cell amount(double x) {
  return x < 0 ? none() : count(static_cast<uint64_t>(x));
}

cell bytes(double x) {
  return x < 0 ? none() : size(static_cast<uint64_t>(x));
}

cell words_or_none(const std::string& x) {
  return x.empty() ? none() : words(x);
}

cell pids(const std::vector<int64_t>& x) {
  return {.text = x.empty() ? "-" : fmt::format("{}", fmt::join(x, " ")), .json = x};
}

/// Its place in the tree, for people; its pid, for programs.
cell session_cell(const lock_line& line) {
  auto pid = line.session->pid;
  auto name = pid == 0 ? std::string{"prepared"} : std::to_string(pid);
  return {.text = std::string(2 * line.depth, ' ') + name, .json = pid};
}

/// Statements are there only with `activity.texts`.
template <class T>
bool have_statements(const std::vector<T>& rows) {
  return std::ranges::any_of(rows, [](const T& x) { return !x.statement.empty(); });
}

table tree_of(const std::vector<lock_session>& sessions) {
  table result{{},
               "locks",
               {{"session", "pid"},
                number_column("behind it", "behind", 1),
                number_column("waits", "waits_seconds"),
                number_column("open for", "transaction_seconds"),
                {"state", "state"},
                {"waits for", "lock"},
                text_column("of", "blockers", 5),
                text_column("role", "role", 2),
                text_column("database", "database", 3),
                text_column("application", "application", 4),
                text_column("client", "client", 6)}};
  auto statements = have_statements(sessions);
  if (statements)
    result.columns.push_back({"statement", "statement"});
  for (const auto& line : lock_tree(sessions)) {
    const auto& session = *line.session;
    auto waiting = !session.blockers.empty();
    result.rows.push_back(
      {session_cell(line), count(line.behind), waiting ? seconds(session.waits) : none(),
       seconds(session.transaction), words_or_none(session.state), words_or_none(session.lock),
       pids(session.blockers), words_or_none(session.role), words_or_none(session.database),
       words_or_none(session.application), words_or_none(session.client)});
    if (statements)
      result.rows.back().push_back(words_or_none(session.statement));
  }
  return result;
}

} // namespace

std::optional<table> holders_table(const entry& of, const look_time& now) {
  auto newest = of.metrics->looks.load(std::memory_order_acquire);
  if (newest == nullptr)
    return std::nullopt;
  table result{fmt::format("who holds back what, {} ago", span(now.since(newest->when)).text),
               "holders",
               {{"what", "what"},
                {"who", "who"},
                number_column("since", "since_seconds"),
                number_column("transactions", "transactions", 1),
                number_column("WAL", "wal_bytes"),
                {"state", "state"},
                text_column("role", "role", 2),
                text_column("database", "database", 3),
                text_column("application", "application", 4)}};
  auto statements = have_statements(newest->holders);
  if (statements)
    result.columns.push_back({"statement", "statement"});
  for (const auto& holder : newest->holders) {
    result.rows.push_back({words(holder.what), words(holder.who), seconds(holder.seconds),
                           amount(holder.transactions), bytes(holder.bytes),
                           words_or_none(holder.state), words_or_none(holder.role),
                           words_or_none(holder.database), words_or_none(holder.application)});
    if (statements)
      result.rows.back().push_back(words_or_none(holder.statement));
  }
  return result;
}

report locks_report(const entry& of, const look_time& now) {
  of.metrics->look_order.want(now.unix_seconds);
  auto newest = of.metrics->looks.load(std::memory_order_acquire);
  if (newest == nullptr)
    return {fact_list{{{"sessions", "sessions", words("asked for with the next poll")},
                       {"asked", "age_seconds", none()}}}};
  report result{fact_list{{{"sessions", "sessions", words("here")},
                           {"asked", "age_seconds", span(now.since(newest->when))}}},
                tree_of(newest->locks)};
  if (auto held = holders_table(of, now))
    result.emplace_back(*std::move(held));
  return result;
}

} // namespace pgstatsmon
