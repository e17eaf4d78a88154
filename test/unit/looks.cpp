// Who waits for whom, as a tree; and what is read of a server's answer.
#define SUITE looks

#include "actors/registry/looks.hpp"

#include "test/unit/rows.hpp"
#include "test/unit/test.hpp"

#include "actors/backend/look_sql.hpp"

#include <fmt/format.h>

using namespace pgstatsmon;
using test::make_rows;

namespace {

lock_session session(int64_t pid, std::vector<int64_t> blockers = {}, double waits = 0) {
  lock_session result;
  result.pid = pid;
  result.blockers = std::move(blockers);
  result.waits = waits;
  return result;
}

/// `PID/DEPTH/BEHIND`, line by line.
std::string shown(const std::vector<lock_session>& sessions) {
  std::string result;
  for (const auto& line : lock_tree(sessions))
    result += fmt::format("{}{}/{}/{}", result.empty() ? "" : " ", line.session->pid, line.depth,
                          line.behind);
  return result;
}

} // namespace

TEST(nobody waits) {
  CHECK_EQUAL(shown({}), "");
}

TEST(a chain is a line under a line) {
  CHECK_EQUAL(shown({session(3, {2}), session(1), session(2, {1})}), "1/0/2 2/1/1 3/2/0");
}

TEST(who is in the way of most comes first) {
  CHECK_EQUAL(shown({session(1), session(2, {1}), session(5), session(6, {5}), session(7, {5})}),
              "5/0/2 6/1/0 7/1/0 1/0/1 2/1/0");
}

TEST(who waits for several stands below one of them) {
  CHECK_EQUAL(shown({session(1), session(2), session(3, {1, 2})}), "1/0/1 3/1/0 2/0/1");
}

TEST(a circle begins with the one that has waited longest) {
  CHECK_EQUAL(shown({session(1, {2}, 1), session(2, {1}, 5)}), "2/0/1 1/1/1");
}

TEST(a prepared transaction may be in the way and a blocker may be unknown) {
  CHECK_EQUAL(shown({session(0), session(4, {0})}), "0/0/1 4/1/0");
  CHECK_EQUAL(shown({session(4, {99})}), "4/0/0");
}

TEST(what waits for itself is no trouble) {
  CHECK_EQUAL(shown({session(4, {4})}), "4/0/0");
}

TEST(rows are read by the names of their columns) {
  look_answers read;
  read_look(look::locks,
            *make_rows({"lock", "pid", "blockers", "waits", "transaction", "role"},
                       {{"public.t ExclusiveLock", "12", "{7,0}", "1.5", std::nullopt, "joe"}}),
            read);
  REQUIRE(read.locks.size() == 1);
  const auto& x = read.locks[0];
  CHECK_EQUAL(x.pid, 12);
  CHECK_EQUAL(x.blockers, (std::vector<int64_t>{7, 0}));
  CHECK_EQUAL(x.waits, 1.5);
  CHECK(x.transaction < 0);
  CHECK_EQUAL(x.role, "joe");
  CHECK_EQUAL(x.database, "");
  read_look(look::holders, *make_rows({"what", "who", "bytes"}, {{"slot", "s1", "4096"}}), read);
  REQUIRE(read.holders.size() == 1);
  CHECK_EQUAL(read.holders[0].who, "s1");
  CHECK_EQUAL(read.holders[0].bytes, 4096);
  CHECK(read.holders[0].seconds < 0);
  CHECK_EQUAL(read.locks.size(), 1u);
}

TEST(another answer replaces the one before) {
  look_answers read;
  read_look(look::locks, *make_rows({"pid"}, {{"1"}, {"2"}}), read);
  read_look(look::locks, *make_rows({"pid"}, {{"3"}}), read);
  REQUIRE(read.locks.size() == 1);
  CHECK_EQUAL(read.locks[0].pid, 3);
}

TEST(a hostile answer is cut) {
  std::vector<test::row> rows;
  for (int i = 0; i < 2000; ++i)
    rows.push_back({std::to_string(i), fmt::format("{{{}}}", i - 1), std::string(5000, 'x')});
  look_answers read;
  read_look(look::locks, *make_rows({"pid", "blockers", "role"}, rows), read);
  CHECK_EQUAL(read.locks.size(), 500u);
  CHECK_EQUAL(read.locks[0].role.size(), 200u);
  CHECK_EQUAL(lock_tree(read.locks).size(), 500u);
}

TEST(old servers are not asked) {
  CHECK_EQUAL(look_sql(look::locks, 90600), "");
  CHECK(look_sql(look::locks, 130000).find("waitstart") == std::string::npos);
  CHECK(look_sql(look::locks, 140000).find("waitstart") != std::string::npos);
  CHECK(!look_sql(look::holders, 100000).empty());
}

TEST(no text of a statement leaves the server unless it is asked for) {
  for (auto which : all_looks)
    for (int32_t version : {100000, 130000, 180000}) {
      CHECK_EQUAL(look_sql(which, version).find("query,"), std::string::npos);
      CHECK_EQUAL(look_sql(which, version).find('{'), std::string::npos);
      CHECK(look_sql(which, version, true).find("pg_catalog.left(a.query, 200) AS statement")
            != std::string::npos);
    }
  look_answers read;
  read_look(look::locks, *make_rows({"pid", "statement"}, {{"1", "SELECT 'secret'"}}), read);
  CHECK_EQUAL(read.locks.at(0).statement, "SELECT 'secret'");
}
