// Cells of an answer, and a walk from those who wait for nobody.
#include "actors/registry/looks.hpp"

#include "actors/registry/cell_values.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace pgstatsmon {

namespace {

/// What a hostile server may make of it; ours ask for less.
constexpr int max_rows = 500;
constexpr size_t max_text = 200;

/// One row of an answer.
class answer_row {
public:
  answer_row(const PGresult& rows, int row) : rows_{&rows}, row_{row} {}

  [[nodiscard]] std::string text(const char* column) const {
    auto i = PQfnumber(rows_, column);
    return i < 0 ? std::string{} : std::string{PQgetvalue(rows_, row_, i)}.substr(0, max_text);
  }

  [[nodiscard]] double number(const char* column, double otherwise) const {
    double result = otherwise;
    return parse_number(text(column), result) ? result : otherwise;
  }

private:
  const PGresult* rows_;
  int row_;
};

std::vector<int64_t> pids_of(std::string_view text) {
  std::vector<int64_t> result;
  for (auto pid : parse_numbers(text).value_or(std::vector<double>{}))
    result.push_back(static_cast<int64_t>(pid));
  return result;
}

lock_session read_session(const answer_row& row) {
  lock_session result;
  result.pid = static_cast<int64_t>(row.number("pid", 0));
  result.blockers = pids_of(row.text("blockers"));
  result.database = row.text("database");
  result.role = row.text("role");
  result.application = row.text("application");
  result.client = row.text("client");
  result.state = row.text("state");
  result.lock = row.text("lock");
  result.waits = row.number("waits", 0);
  result.transaction = row.number("transaction", -1);
  result.statement = row.text("statement");
  return result;
}

holder read_holder(const answer_row& row) {
  holder result;
  result.what = row.text("what");
  result.who = row.text("who");
  result.database = row.text("database");
  result.role = row.text("role");
  result.application = row.text("application");
  result.state = row.text("state");
  result.seconds = row.number("seconds", -1);
  result.transactions = row.number("transactions", -1);
  result.bytes = row.number("bytes", -1);
  result.statement = row.text("statement");
  return result;
}

/// Puts the sessions below those that they wait for.
class tree_maker {
public:
  explicit tree_maker(const std::vector<lock_session>& sessions) {
    std::set<int64_t> pids;
    for (const auto& session : sessions)
      pids.insert(session.pid);
    for (const auto& session : sessions)
      for (auto blocker : session.blockers)
        if (pids.contains(blocker) && blocker != session.pid)
          waiting_[blocker].push_back(&session);
    for (const auto& session : sessions)
      behind_.emplace(&session, count_behind(session));
  }

  std::vector<lock_line> make(const std::vector<lock_session>& sessions) {
    std::vector<const lock_session*> order;
    for (const auto& session : sessions)
      order.push_back(&session);
    // Whoever waits for nobody stands above; a circle has no such one.
    std::ranges::stable_sort(order, {}, [this](const lock_session* session) {
      return std::tuple{!session->blockers.empty(), -static_cast<int64_t>(behind_.at(session)),
                        -session->waits};
    });
    for (const auto* session : order)
      add(*session, 0);
    return std::move(lines_);
  }

private:
  using session_set = std::set<const lock_session*>;

  void gather(const lock_session& session, session_set& all) const {
    if (auto i = waiting_.find(session.pid); i != waiting_.end())
      for (const auto* next : i->second)
        if (all.insert(next).second)
          gather(*next, all);
  }

  [[nodiscard]] size_t count_behind(const lock_session& session) const {
    session_set all;
    gather(session, all);
    all.erase(&session);
    return all.size();
  }

  void add(const lock_session& session, size_t depth) {
    if (!added_.insert(&session).second)
      return;
    lines_.push_back({&session, depth, behind_.at(&session)});
    if (auto i = waiting_.find(session.pid); i != waiting_.end())
      for (const auto* next : i->second)
        add(*next, depth + 1);
  }

  std::map<int64_t, std::vector<const lock_session*>> waiting_; ///< By whom they wait for.
  std::map<const lock_session*, size_t> behind_;
  session_set added_;
  std::vector<lock_line> lines_;
};

} // namespace

std::string_view to_string_view(look x) noexcept {
  return x == look::locks ? "locks" : "holders";
}

void read_look(look what, const PGresult& rows, look_answers& to) {
  auto n = std::min(PQntuples(&rows), max_rows);
  if (what == look::locks) {
    to.locks.clear();
    for (int i = 0; i < n; ++i)
      to.locks.push_back(read_session({rows, i}));
  } else {
    to.holders.clear();
    for (int i = 0; i < n; ++i)
      to.holders.push_back(read_holder({rows, i}));
  }
}

std::vector<lock_line> lock_tree(const std::vector<lock_session>& sessions) {
  return tree_maker{sessions}.make(sessions);
}

} // namespace pgstatsmon
