// Every backend gets a name of its own.
#define SUITE backend_name
#include "config/backend_name.hpp"

#include "test/unit/test.hpp"

#include <set>

using namespace pgstatsmon;

namespace {

name_wish wish(std::string_view name, std::string_view address = "10.0.0.1",
               std::string_view database = "da", std::string_view id = "id") {
  return {name, address, 5432, database, id};
}

} // namespace

TEST(an IPv6 address has brackets) {
  CHECK_EQUAL(address_and_port("10.0.0.1", 1), "10.0.0.1:1");
  CHECK_EQUAL(address_and_port("fd00::1", 1), "[fd00::1]:1");
}

TEST(a name that is free is given as it is) {
  backend_names names;
  CHECK_EQUAL(names.give(wish("a")), "a");
  CHECK_EQUAL(names.give(wish("b")), "b");
}

TEST(another database of the server has it in its name) {
  backend_names names;
  names.give(wish("s"));
  CHECK_EQUAL(names.give(wish("s", "10.0.0.1", "db")), "s/db");
  CHECK_EQUAL(names.give(wish("s", "10.0.0.1", "dc")), "s/dc");
}

TEST(another server has its address in its name and then its database) {
  backend_names names;
  names.give(wish("s"));
  CHECK_EQUAL(names.give(wish("s", "10.0.0.2", "da")), "s@10.0.0.2:5432");
  CHECK_EQUAL(names.give(wish("s", "10.0.0.2", "db")), "s@10.0.0.2:5432/db");
}

TEST(names that somebody has already are never given twice) {
  backend_names names;
  std::set<std::string> given;
  for (auto name : {"s", "s/db", "s@10.0.0.1:5432/db", "s@id", "s", "s", "s@id#3", "s", "s"})
    CHECK(given.insert(names.give(wish(name, "10.0.0.1", "db"))).second);
}

TEST(a name that is kept is taken) {
  backend_names names;
  names.keep("s", wish("s"));
  CHECK_EQUAL(names.give(wish("s", "10.0.0.2")), "s@10.0.0.2:5432");
  CHECK_EQUAL(names.give(wish("s", "10.0.0.1", "db")), "s/db");
}

TEST(a name tells which wish it was made of) {
  auto x = wish("s", "10.0.0.2", "db", "id");
  for (auto name : {"s", "s/db", "s@10.0.0.2:5432", "s@10.0.0.2:5432/db", "s@id", "s@id#3"})
    CHECK(backend_names::could_be(name, x));
  for (auto name : {"t", "s/da", "s@10.0.0.1:5432", ""})
    CHECK(!backend_names::could_be(name, x));
}
