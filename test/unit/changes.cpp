// Two lists become removals and additions, and every backend gets a name of its own.
#define SUITE changes
#include "actors/discovery/changes.hpp"

#include "test/unit/test.hpp"

#include "actors/discovery/found.hpp"

#include <algorithm>
#include <random>
#include <set>

using namespace pgstatsmon;

namespace {

backend make(const std::string& name, const std::string& address = "10.0.0.1",
             const std::string& database = "postgres") {
  backend_defaults defaults;
  defaults.source = "test";
  found_backend x;
  x.name = name;
  x.address = address;
  x.database = database;
  return to_backend(x, defaults);
}

/// What a SCHEDULER that obeys ends up with.
backend_list applied(backend_list live, const list_changes& xs) {
  for (const auto& x : xs.removed) {
    auto gone = std::erase_if(live, [&](const backend& y) { return y.id == x.id; });
    CHECK_EQUAL(gone, 1u);
  }
  for (const auto& x : xs.added)
    live.push_back(x.value);
  for (const auto& x : xs.changed)
    for (auto& y : live)
      if (y.id == x.value.id)
        y = x.value;
  return live;
}

std::set<std::string> ids(const backend_list& xs) {
  std::set<std::string> result;
  for (const auto& x : xs)
    result.insert(x.id);
  return result;
}

} // namespace

TEST(equal lists make no changes) {
  backend_list xs{make("a"), make("b")};
  CHECK(changes(xs, xs) == list_changes{});
  CHECK(changes(xs, {make("b"), make("a")}) == list_changes{});
}

TEST(other content under one identity is a removal and an addition) {
  auto before = make("a");
  auto after = make("a");
  after.user = "watcher";
  CHECK_EQUAL(before.id, after.id);
  auto result = changes({before}, {after});
  REQUIRE(result.removed.size() == 1 && result.added.size() == 1);
  CHECK_EQUAL(result.removed[0].id, before.id);
  CHECK_EQUAL(result.added[0].value, after);
}

TEST(other labels or another way in are a change of a backend that goes on) {
  auto before = make("a");
  auto after = before;
  after.labels = {{"zone", "b"}};
  after.password_file = "own";
  after.parameters = {{"sslmode", "require"}};
  after.source = "other";
  auto result = changes({before}, {after});
  CHECK(result.removed.empty() && result.added.empty());
  REQUIRE(result.changed.size() == 1);
  CHECK_EQUAL(result.changed[0].value, after);
  CHECK_EQUAL(difference(before, after),
              "source test is now other; labels; password_file; parameters");
}

TEST(a difference names what is another) {
  auto before = make("a");
  auto after = make("a", "fd00::1", "shop");
  after.user = "watcher";
  after.databases.on = true;
  after.collect.off = {"x"};
  CHECK_EQUAL(
    difference(before, after),
    "address 10.0.0.1:5432 is now [fd00::1]:5432; database postgres is now shop; user  is "
    "now watcher; collect, tables, budget or activity; databases");
  CHECK_EQUAL(difference(before, before), "");
}

TEST(a name that is taken becomes name at address and port) {
  std::vector<renaming> renamed;
  auto a = make("db", "10.0.0.1");
  auto b = make("db", "fd00::2");
  auto result = with_unique_names({}, {a, b}, renamed);
  CHECK_EQUAL(result[0].name, "db");
  CHECK_EQUAL(result[1].name, "db@[fd00::2]:5432");
  REQUIRE(renamed.size() == 1);
  CHECK_EQUAL(renamed[0].id, b.id);
  // The next list comes in another order: no name changes, and nobody is warned again.
  renamed.clear();
  auto next = with_unique_names(result, {b, a}, renamed);
  CHECK(renamed.empty());
  CHECK(changes(result, next) == list_changes{});
  // The one with the short name leaves: the other stays what it was.
  CHECK(changes({result[1]}, with_unique_names(result, {b}, renamed)) == list_changes{});
}

TEST(two VMs with one name and one address still have two names) {
  auto a = make("db");
  auto b = a;
  auto c = a;
  a.id = "u1@10.0.0.1:5432/postgres";
  b.id = "u2@10.0.0.1:5432/postgres";
  c.id = "u3@10.0.0.1:5432/postgres";
  std::vector<renaming> renamed;
  auto result = with_unique_names({}, {a, b, c}, renamed);
  CHECK_EQUAL(result[1].name, "db@10.0.0.1:5432");
  CHECK_EQUAL(result[2].name, "db@10.0.0.1:5432/postgres");
  CHECK_EQUAL(renamed.size(), 2u);
}

TEST(two databases of one server are two backends that keep their names) {
  std::vector<renaming> renamed;
  auto one = make("s", "10.0.0.1", "da");
  auto two = make("s", "10.0.0.1", "db");
  auto far = make("s", "10.0.0.2", "db");
  auto result = with_unique_names({}, {one, two, far}, renamed);
  CHECK_EQUAL(result[0].name, "s");
  CHECK_EQUAL(result[1].name, "s/db");
  CHECK_EQUAL(result[2].name, "s@10.0.0.2:5432");
  renamed.clear();
  CHECK(changes(result, with_unique_names(result, {far, two, one}, renamed)) == list_changes{});
  CHECK(changes({result[1]}, with_unique_names(result, {two}, renamed)) == list_changes{});
  CHECK(renamed.empty());
}

TEST(a VM with another name is the old one removed and the new one added) {
  auto before = make("old");
  auto after = make("new");
  after.id = before.id;
  std::vector<renaming> renamed;
  auto result = changes({before}, with_unique_names({before}, {after}, renamed));
  REQUIRE(result.added.size() == 1);
  CHECK_EQUAL(result.added[0].value.name, "new");
  CHECK_EQUAL(result.removed.size(), 1u);
}

TEST(of two backends with one id the first counts) {
  backend_list repeated;
  auto again = make("a");
  again.user = "watcher";
  auto result =
    with_unique_ids({make("a"), make("b"), again, make("a", "10.0.0.1", "moray")}, repeated);
  CHECK(result == backend_list({make("a"), make("b"), make("a", "10.0.0.1", "moray")}));
  CHECK(repeated == backend_list({again}));
}

TEST(after any sequence of lists the live backends are those of the last one) {
  std::mt19937 random{42};
  auto below = [&](size_t n) { return std::uniform_int_distribution<size_t>{0, n - 1}(random); };
  backend_list live;
  for (int round = 0; round < 2000; ++round) {
    backend_list list;
    for (size_t i = below(30); i > 0; --i)
      list.push_back(make("n" + std::to_string(below(6)), "10.0.0." + std::to_string(below(6)),
                          "d" + std::to_string(below(2))));
    backend_list repeated;
    list = with_unique_ids(std::move(list), repeated);
    std::vector<renaming> renamed;
    auto wanted = with_unique_names(live, list, renamed);
    live = applied(std::move(live), changes(live, wanted));
    REQUIRE(ids(live) == ids(list));
    std::set<std::string> names;
    for (const auto& x : live)
      names.insert(x.name);
    REQUIRE(names.size() == live.size());
    for (const auto& x : live)
      REQUIRE(std::find(wanted.begin(), wanted.end(), x) != wanted.end());
  }
}
