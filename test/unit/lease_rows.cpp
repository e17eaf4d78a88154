// Orders as SQL, and rows as a view.
#define SUITE lease_rows

#include "actors/cluster/lease_rows.hpp"

#include "test/unit/rows.hpp"
#include "test/unit/test.hpp"

#include "actors/cluster/member_text.hpp"

#include <algorithm>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

const lease_place place{"ours", "the \"fleet\"'s"};

member_record member(const std::string& id, const std::string& life) {
  return {.id = id, .life = life};
}

} // namespace

TEST(who only looks takes no lock and writes nothing) {
  auto all = order_statements(place, {.self = member("a", "1"), .ttl = 15s, .prolong = false});
  CHECK(all.size() == 2);
  for (const auto& x : all)
    CHECK(x.starts_with("SELECT "));
}

TEST(what is written is behind the lock and the end of what has ended) {
  engine_order order{.self = member("a", "1"), .ttl = 15s};
  order.release = {{5, 7}};
  order.claim = {1, 2};
  order.layout = 1;
  auto all = order_statements(place, order);
  REQUIRE(all.size() == 9);
  CHECK(all[0].find("pg_advisory_xact_lock") != std::string::npos);
  CHECK(all[1].starts_with("DELETE FROM \"ours\".member"));
  CHECK(all[2].starts_with("DELETE FROM \"ours\".slot"));
  CHECK(all[4].find("interval '15 s'") != std::string::npos);
  CHECK(all[5].find("(5, 7::bigint)") != std::string::npos);
  CHECK(all[6].find("'{1,2}'::integer[]") != std::string::npos);
}

TEST(names are quoted whatever they are) {
  for (const auto& x : order_statements(place, {.self = member("o'b\\", "1"), .ttl = 15s})) {
    CHECK(x.find("o'b") == std::string::npos);
    CHECK(x.find("fleet\"'s") == std::string::npos);
  }
}

TEST(rows are a view and only the slots of who is there count) {
  auto a = to_text(member("a", "1"));
  auto b = to_text(member("b", "2"));
  auto members =
    test::make_rows({"id", "life", "record", "age", "layout"},
                    {{"a", "1", a.c_str(), "0.5", "1"}, {"b", "2", b.c_str(), "61", "1"}});
  auto slots = test::make_rows({"slot", "member", "fence"},
                               {{"0", "b", "11"}, {"7", "a", "12"}, {"8", "gone", "3"}});
  auto view = view_of(members.get(), slots.get(), member("a", "1"));
  REQUIRE(static_cast<bool>(view));
  const auto& x = **view;
  CHECK(x.held);
  CHECK(!x.taken);
  CHECK_EQUAL(x.layout, 1u);
  CHECK(x.members.at(1).age == caf::timespan{61s});
  CHECK_EQUAL(x.owners[0], 1);
  CHECK_EQUAL(x.owners[7], 0);
  CHECK_EQUAL(x.fences[7], 12u);
  CHECK_EQUAL(x.owners[8], -1);
  // Somebody else has our name.
  view = view_of(members.get(), slots.get(), member("a", "other"));
  REQUIRE(static_cast<bool>(view));
  CHECK((*view)->taken);
  CHECK(!(*view)->held);
}

TEST(what is no member is an error) {
  auto members = test::make_rows({"id", "life", "record", "age", "layout"},
                                 {{"a", "1", "nonsense", "0.5", "1"}});
  auto slots = test::make_rows({"slot", "member", "fence"}, {});
  CHECK(!view_of(members.get(), slots.get(), member("a", "1")));
  CHECK(!view_of(nullptr, slots.get(), member("a", "1")));
}
