// What of VMAPI's answers is understood, believed and watched.
#define SUITE vmapi
#include "actors/discovery/vmapi.hpp"

#include "test/unit/test.hpp"

#include "actors/discovery/vmapi_body.hpp"
#include "actors/discovery/vmapi_paging.hpp"
#include "actors/http/http_url.hpp"
#include "config/fault.hpp"

#include <deque>

using namespace pgstatsmon;

namespace {

vmapi_settings manta() {
  vmapi_settings result;
  result.http.url = "http://vmapi.example/";
  result.tag_name = "manta_role";
  result.tag_value = "*postgres";
  result.nic_tag = "manta";
  return result;
}

vm running(const std::string& uuid, const std::string& role = "postgres") {
  vm result;
  result.uuid = uuid;
  result.alias = "1.postgres." + uuid;
  result.state = "running";
  result.tags = {{"manta_role", role}};
  result.nics = {{"manta", "172.27.3.30", true}};
  return result;
}

/// The reason for which the only VM is rejected; nothing when it is watched.
std::optional<reject_reason> verdict(const vm& x) {
  auto result = match({x}, manta());
  REQUIRE(result.backends.size() + result.rejected.size() == 1);
  if (result.rejected.empty())
    return std::nullopt;
  return result.rejected[0].reason;
}

std::string fault_of(std::string_view body) {
  auto result = parse_vms(body);
  return result ? "" : context_of(result.error());
}

http_answer page(const std::string& body, const std::string& count = {}, long status = 200) {
  http_reply result;
  result.status = status;
  result.body = body;
  if (!count.empty())
    result.headers = {{"x-joyent-resource-count", count}};
  return result;
}

std::string objects(size_t from, size_t until) {
  std::string result;
  for (auto i = from; i < until; ++i)
    result += (result.empty() ? "[" : ",") + std::string{R"({"uuid":"u)"} + std::to_string(i)
              + R"(","state":"running","tags":{"manta_role":"postgres"},)"
              + R"("nics":[{"nic_tag":"manta","ip":"10.0.0.1"}]})";
  return result.empty() ? "[]" : result + "]";
}

/// A server that gives these answers one after the other.
struct server {
  std::deque<http_answer> answers;
  std::vector<std::string> asked;

  source_answer ask() {
    auto get = [this](const std::string& url, const std::stop_token&) {
      asked.push_back(url);
      REQUIRE(!answers.empty());
      auto result = answers.front();
      answers.pop_front();
      return result;
    };
    return ask_vmapi(manta(), get, {});
  }

  size_t found() {
    auto answer = ask();
    REQUIRE(std::holds_alternative<found_list>(answer));
    return std::get<found_list>(answer).backends.size();
  }

  source_problem problem() {
    auto answer = ask();
    REQUIRE(std::holds_alternative<source_problem>(answer));
    return std::get<source_problem>(answer);
  }
};

} // namespace

TEST(a pattern matches a value as a whole) {
  CHECK(matches("*postgres", "buckets-postgres"));
  CHECK(matches("*postgres", "postgres"));
  CHECK(matches("*", ""));
  CHECK(matches("**", "anything"));
  CHECK(matches("", ""));
  CHECK(matches("a*b*c", "a-b-b-c"));
  CHECK(matches("a*b*c", "abc"));
  CHECK(!matches("*postgres", "postgres2"));
  CHECK(!matches("postgres", "buckets-postgres"));
  CHECK(!matches("a*b*c", "acb"));
  CHECK(!matches("a_b", "axb"));
  CHECK(!matches("a.b", "axb"));
  CHECK(!matches("", "x"));
  CHECK(matches("*a*a*a*a*b", std::string(5000, 'a') + 'b'));
  CHECK(!matches("*a*a*a*a*b", std::string(5000, 'a')));
}

TEST(only literal addresses are addresses) {
  for (auto x : {"10.0.0.1", "::1", "fd00::1:2", "::ffff:10.0.0.1"})
    CHECK(is_literal_address(x));
  for (auto x : {"", "dhcp", "10.0.0", "10.0.0.1/24", "localhost", "10.0.0.256", " 10.0.0.1",
                 "[::1]", "fe80::1%eth0"})
    CHECK(!is_literal_address(x));
  CHECK(!is_literal_address(std::string(1000, '1')));
}

TEST(the primary NIC of those that match is chosen and else the first) {
  std::regex manta{"manta"};
  CHECK(choose_nic({}, manta) == nullptr);
  std::vector<vm_nic> nics{{"admin", "10.0.0.1", true}, {"manta", "10.0.0.2", false}};
  CHECK_EQUAL(choose_nic(nics, manta)->ip, "10.0.0.2");
  nics.push_back({"mantanat", "10.0.0.3", false});
  CHECK_EQUAL(choose_nic(nics, manta)->ip, "10.0.0.2");
  nics.push_back({"manta", "10.0.0.4", true});
  CHECK_EQUAL(choose_nic(nics, manta)->ip, "10.0.0.4");
  // A primary one without an address is of no use.
  nics.back().ip = "dhcp";
  CHECK_EQUAL(choose_nic(nics, manta)->ip, "10.0.0.2");
  // The original tests a NIC without a tag as the string "undefined".
  CHECK(choose_nic({{"", "10.0.0.1", true}}, std::regex{"undefined|.*"}) == nullptr);
  CHECK(choose_nic({{std::string(100'000, 'a'), "10.0.0.1", true}}, std::regex{"(a|b)*"})
        == nullptr);
  CHECK(choose_nic({{"sdc_overlay/1234", "10.0.0.9", false}}, std::regex{"^sdc_overlay/[0-9]+$"})
        != nullptr);
}

TEST(every VM is checked again whatever the server filtered) {
  CHECK(!verdict(running("a")));
  auto x = running("a");
  x.state = "unknown";
  CHECK(verdict(x) == reject_reason::state);
  x = running("a");
  x.tags = {{"manta_role", "moray"}, {"foo", "my-postgres"}};
  CHECK(verdict(x) == reject_reason::tag);
  x.tags = {};
  CHECK(verdict(x) == reject_reason::tag);
  x = running("a");
  x.nics[0].nic_tag = "admin";
  CHECK(verdict(x) == reject_reason::nic);
  x.nics = {};
  CHECK(verdict(x) == reject_reason::nic);
  for (auto ip : {"", "dhcp", "10.0.0.0/24"}) {
    x = running("a");
    x.nics[0].ip = ip;
    CHECK(verdict(x) == reject_reason::address);
  }
}

TEST(a VM becomes a backend under its alias and its role) {
  auto x = running("u1", "buckets-postgres");
  x.nics[0].ip = "fd00::1";
  auto y = running("u2");
  y.alias = "";
  auto result = match({x, y, x}, manta());
  REQUIRE(result.backends.size() == 2);
  CHECK(result.rejected.empty());
  CHECK_EQUAL(result.backends[0].key, "u1");
  CHECK_EQUAL(result.backends[0].name, "1.postgres.u1");
  CHECK_EQUAL(result.backends[0].address, "fd00::1");
  CHECK_EQUAL(result.backends[0].role, "buckets-postgres");
  CHECK_EQUAL(result.backends[1].name, "u2");
}

TEST(a body is read leniently but for its form) {
  auto vms = parse_vms(R"([{"uuid":"u1","alias":null,"state":"running","nics":null,"tags":null,
    "customer_metadata":{"nics":[1],"deep":[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]}},
    {"uuid":"u2","alias":"a","state":7,
     "tags":{"n":10,"b":true,"s":"x","o":{},"z":null},
     "nics":[{"nic_tag":"manta","ip":"10.0.0.1","primary":true,"vlan_id":4},
             {"nic_tag":4,"ip":null,"primary":"yes"},"junk",null]}])");
  REQUIRE(vms);
  REQUIRE(vms->size() == 2);
  vm first;
  first.uuid = "u1";
  first.state = "running";
  CHECK((*vms)[0] == first);
  vm second;
  second.uuid = "u2";
  second.alias = "a";
  second.tags = {{"n", "10"}, {"b", "true"}, {"s", "x"}};
  second.nics = {{"manta", "10.0.0.1", true}, {}};
  CHECK((*vms)[1] == second);
  auto none = parse_vms("[]");
  REQUIRE(none);
  CHECK(none->empty());
}

TEST(a body of another form is no list) {
  CHECK_EQUAL(fault_of("{}"), "the answer is no array but object");
  CHECK_EQUAL(fault_of("null"), "the answer is no array but null");
  CHECK_EQUAL(fault_of("[1]"), "element 0 of the answer is no object");
  CHECK_EQUAL(fault_of(R"([{"uuid":"a"},{"alias":"b"}])"), "element 1 of the answer has no uuid");
  CHECK_EQUAL(fault_of(R"([{"uuid":null}])"), "element 0 of the answer has no uuid");
  for (auto body :
       {"", "<html>", R"([{"uuid":"a"})", R"([{"uuid":"a"}] junk)", "[{\"uuid\":\"\xff\"}]"})
    CHECK(fault_of(body).starts_with("the answer is no JSON: parse error at line 1"));
  CHECK(fault_of("[\"" + std::string(100'000, 'x')).size() < 400);
  CHECK(!fault_of(std::string(1'000'000, '[')).empty());
}

TEST(an error body gives its message) {
  CHECK_EQUAL(error_message(R"({"code":"x","message":"Moray buckets are not setup"})"),
              "Moray buckets are not setup");
  CHECK_EQUAL(error_message(R"({"code":"ValidationFailed","message":"Invalid Parameters","errors":
    [{"field":"foo","code":"Invalid","message":"Invalid parameter"}]})"),
              "Invalid Parameters: foo: Invalid parameter");
  CHECK_EQUAL(error_message("<html>"), "");
  CHECK_EQUAL(error_message("[]"), "");
  CHECK_EQUAL(error_message("{\"message\":\"" + std::string(1000, 'x') + "\"}").size(), 300u);
}

TEST(one page is enough when the count says so) {
  server x{{page(objects(0, 3), "3")}, {}};
  CHECK_EQUAL(x.found(), 3u);
  REQUIRE(x.asked.size() == 1);
  CHECK_EQUAL(x.asked[0],
              "http://vmapi.example/vms?state=running&tag.manta_role=*postgres&limit=1000");
  server none{{page("[]", "0")}, {}};
  CHECK_EQUAL(none.found(), 0u);
}

TEST(pages follow each other by marker) {
  server x{{page(objects(0, 3), "7"), page(objects(3, 6), "7"), page(objects(6, 7), "7")}, {}};
  CHECK_EQUAL(x.found(), 7u);
  CHECK_EQUAL(x.asked[1], x.asked[0] + "&marker=%7B%22uuid%22%3A%22u2%22%7D");
  CHECK_EQUAL(x.asked[2], x.asked[0] + "&marker=%7B%22uuid%22%3A%22u5%22%7D");
}

TEST(without a count only an empty page is the end) {
  server x{{page(objects(0, 3)), page(objects(2, 6)), page("[]")}, {}};
  CHECK_EQUAL(x.found(), 6u);
  server nonsense{{page(objects(0, 3), "many"), page("[]", "many")}, {}};
  CHECK_EQUAL(nonsense.found(), 3u);
}

TEST(a list that contradicts its count is asked for three times) {
  server gap{{page(objects(0, 3), "4"), page("[]", "4"), page(objects(0, 4), "4")}, {}};
  CHECK_EQUAL(gap.found(), 4u);
  server x{{}, {}};
  for (int i = 0; i < 3; ++i)
    x.answers.push_back(page(objects(0, 3), "2"));
  auto problem = x.problem();
  CHECK(problem.reason == source_failure::contradiction);
  CHECK_EQUAL(problem.what, "http://vmapi.example/: 3 VMs came, but the server said 2");
  CHECK_EQUAL(x.asked.size(), 3u);
}

TEST(a count that changes between pages or a page that repeats is a contradiction) {
  server changed{{}, {}};
  server repeated{{}, {}};
  for (int i = 0; i < 3; ++i) {
    changed.answers.push_back(page(objects(0, 3), "4"));
    changed.answers.push_back(page(objects(3, 4), "5"));
    repeated.answers.push_back(page(objects(0, 3)));
    repeated.answers.push_back(page(objects(0, 3)));
  }
  CHECK(changed.problem().reason == source_failure::contradiction);
  CHECK(repeated.problem().reason == source_failure::contradiction);
}

TEST(a failed page fails the list at once) {
  server refused{{page(objects(0, 3), "6"), http_problem{http_failure::connect, "refused"}}, {}};
  CHECK(refused.problem().reason == source_failure::connect);
  server unready{{page(R"({"message":"Moray buckets are not setup"})", "", 503)}, {}};
  auto problem = unready.problem();
  CHECK(problem.reason == source_failure::status);
  CHECK_EQUAL(problem.what,
              "http://vmapi.example/vms: HTTP status 503: Moray buckets are not setup");
  server html{{page("<html>")}, {}};
  CHECK(html.problem().reason == source_failure::body);
}

TEST(what is shown of a URL has no secrets) {
  CHECK_EQUAL(shown("https://user:pass@host:8080/path?token=x#y"), "https://host:8080/path");
  CHECK_EQUAL(shown("http://host"), "http://host");
  CHECK_EQUAL(shown("http://host/a@b"), "http://host/a@b");
}
