// What several names say becomes one answer, and a name that fails costs itself.
#define SUITE dns_answer
#include "actors/discovery/dns_answer.hpp"

#include "test/unit/test.hpp"

using namespace pgstatsmon;

namespace {

using outcome = dns_lookup::outcome;

found_backend at(const std::string& name, uint16_t port = 0) {
  found_backend result;
  result.name = result.address = name;
  result.port = port;
  return result;
}

dns_lookup answered(const std::string& name, std::vector<found_backend> found,
                    const std::string& type = "A") {
  dns_lookup result;
  result.name = name;
  result.type = type;
  result.came_to = outcome::answered;
  result.found = std::move(found);
  return result;
}

dns_lookup gone(const std::string& name, const std::string& type = "A") {
  auto result = answered(name, {}, type);
  result.came_to = outcome::gone;
  return result;
}

dns_lookup failed(const std::string& name, const std::string& type = "A") {
  auto result = gone(name, type);
  result.came_to = outcome::failed;
  result.problem = {source_failure::dns, name + ": it failed"};
  return result;
}

found_list good(const source_answer& x) {
  REQUIRE(std::holds_alternative<found_list>(x));
  return std::get<found_list>(x);
}

} // namespace

TEST(answers are put together in order and no backend comes twice) {
  dns_memory last;
  auto list = good(answer_of({answered("a", {at("10.0.0.2"), at("10.0.0.1"), at("10.0.0.2")}),
                              answered("b", {at("10.0.0.1"), at("10.0.0.1", 1)})},
                             last));
  CHECK(list.rejected.empty());
  CHECK(list.backends == (std::vector{at("10.0.0.1"), at("10.0.0.1", 1), at("10.0.0.2")}));
}

TEST(a name that is gone is rejected once and leaves) {
  dns_memory last;
  answer_of({answered("a", {at("1")}), answered("b", {at("2")})}, last);
  auto list = good(answer_of({gone("a", "A"), gone("a", "AAAA"), answered("b", {at("2")})}, last));
  CHECK(list.backends == std::vector{at("2")});
  CHECK(list.rejected
        == (std::vector{rejection{"a", reject_reason::address, "it has no such records"}}));
}

TEST(a name with one kind of address is not gone) {
  dns_memory last;
  auto list = good(answer_of({gone("a", "A"), answered("a", {at("::1")}, "AAAA")}, last));
  CHECK(list.rejected.empty());
  CHECK_EQUAL(list.backends.size(), 1u);
}

TEST(a name that fails keeps its last good answer and holds up nobody) {
  dns_memory last;
  answer_of({answered("a", {at("1")}), answered("b", {at("2")})}, last);
  auto list = good(answer_of({failed("a"), answered("b", {at("3")})}, last));
  CHECK(list.backends == (std::vector{at("1"), at("3")}));
  CHECK(list.rejected
        == (std::vector{
          rejection{"a (A)", reject_reason::lookup, "a: it failed; its last answer stays"}}));
  // ... and again, and until the DNS says something else.
  list = good(answer_of({failed("a"), gone("b")}, last));
  CHECK(list.backends == std::vector{at("1")});
  list = good(answer_of({gone("a"), failed("b")}, last));
  CHECK(list.backends.empty());
}

TEST(a name that never answered costs itself) {
  dns_memory last;
  auto list = good(answer_of({failed("a"), answered("b", {at("2")})}, last));
  CHECK(list.backends == std::vector{at("2")});
  CHECK_EQUAL(list.rejected.at(0).detail, "a: it failed");
}

TEST(where every name fails the source does) {
  dns_memory last;
  answer_of({answered("a", {at("1")})}, last);
  auto x = answer_of({failed("a"), failed("b")}, last);
  REQUIRE(std::holds_alternative<source_problem>(x));
  CHECK_EQUAL(std::get<source_problem>(x).what, "a: it failed");
  CHECK(good(answer_of({failed("a"), gone("b")}, last)).backends == std::vector{at("1")});
}

TEST(one family that fails keeps the addresses that it had) {
  dns_memory last;
  answer_of({answered("a", {at("1")}), answered("a", {at("::1")}, "AAAA")}, last);
  auto list = good(answer_of({failed("a"), answered("a", {at("::2")}, "AAAA")}, last));
  CHECK(list.backends == (std::vector{at("1"), at("::2")}));
}

TEST(no names are an empty list) {
  dns_memory last;
  CHECK(good(answer_of({}, last)) == found_list{});
}
