// What etcd's gateway is told, and how its answers are read.
#define SUITE etcd_codec
#include "actors/etcd/etcd_codec.hpp"

#include "test/unit/test.hpp"

#include "actors/etcd/etcd_stream.hpp"

using namespace pgstatsmon;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

etcd_document good(std::string_view body) {
  auto answer = read_answer(200, body);
  REQUIRE(std::holds_alternative<etcd_document>(answer));
  return std::get<etcd_document>(answer);
}

etcd_error bad(long status, std::string_view body) {
  auto answer = read_answer(status, body);
  REQUIRE(std::holds_alternative<etcd_error>(answer));
  return std::get<etcd_error>(answer);
}

std::string message(int code, std::string_view text) {
  return json{{"error", text}, {"message", text}, {"code", code}}.dump();
}

} // namespace

TEST(a prefix ends where the next one begins) {
  CHECK_EQUAL(prefix_end("/a/"), "/a0");
  CHECK_EQUAL(prefix_end("a\xff\xff"), "b");
  CHECK_EQUAL(prefix_end(""), std::string(1, '\0'));
  CHECK_EQUAL(prefix_end("\xff"), std::string(1, '\0'));
  auto all = json::parse(range_request("").body);
  CHECK_EQUAL(all["key"], "AA==");
  CHECK_EQUAL(all["range_end"], "AA==");
}

TEST(numbers are read from text and every field may be missing) {
  auto x = good(R"({"header":{"cluster_id":"14841639068965178418","member_id":"1","revision":"9",
    "raft_term":"3"},"kvs":[{"key":"L2EvMQ==","create_revision":"2","mod_revision":"8","version":"1",
    "value":"dg==","lease":"5685691309498409222"},{"key":"L2EvMg=="}],"count":"2"})");
  CHECK_EQUAL(x.header.cluster, 14841639068965178418ull);
  CHECK_EQUAL(x.header.raft_term, 3u);
  auto range = read_range(x);
  CHECK_EQUAL(range.revision, 9);
  REQUIRE(range.keys.size() == 2);
  CHECK(range.keys[0] == (etcd_key{"/a/1", "v", 2, 8, 5685691309498409222}));
  CHECK(range.keys[1] == (etcd_key{"/a/2", "", 0, 0, 0}));
  CHECK(read_range(good(R"({"header":{}})")).keys.empty());
  CHECK(read_range(good(R"({"kvs":7})")).keys.empty());
  auto plain = read_range(good(R"({"header":{"revision":12}})"));
  CHECK_EQUAL(plain.revision, 12);
}

TEST(leases are said as text and an answer without a ttl is a lost one) {
  auto keepalive = json::parse(keepalive_request(5685691309498409222).body);
  CHECK_EQUAL(keepalive["ID"], "5685691309498409222");
  auto put = json::parse(put_request({"k", "v", 7}).body);
  CHECK_EQUAL(put["lease"], "7");
  CHECK(!json::parse(put_request({"k", "v", 0}).body).contains("lease"));
  auto kept = read_lease(good(R"({"result":{"header":{},"ID":"7","TTL":"15"}})"));
  CHECK_EQUAL(kept.id, 7);
  CHECK(kept.ttl == 15s);
  CHECK(read_lease(good(R"({"result":{"header":{},"ID":"7"}})")).ttl == 0s);
}

TEST(each key of a creation says who has it) {
  std::vector<etcd_create> xs{{"/a/1", "me", 7}, {"/a/2", "me", 7}};
  auto body = json::parse(create_request(xs).body);
  REQUIRE(body["success"].size() == 2);
  auto compare = body["success"][0]["request_txn"]["compare"];
  CHECK_EQUAL(compare[0]["target"], "CREATE");
  CHECK_EQUAL(compare[0]["create_revision"], "0");
  auto answer = good(R"({"header":{"revision":"3"},"succeeded":true,"responses":[
    {"response_txn":{"header":{},"responses":[{"response_range":{"header":{"revision":"2"},"kvs":
      [{"key":"L2EvMQ==","create_revision":"2","mod_revision":"2","value":"dg==","lease":"5"}]}}]}},
    {"response_txn":{"header":{},"succeeded":true,"responses":[{"response_put":{}}]}}]})");
  auto made = read_created(answer, xs);
  REQUIRE(made.size() == 2);
  CHECK(!made[0].made);
  CHECK(made[0].key == (etcd_key{"/a/1", "v", 2, 2, 5}));
  CHECK(made[1].made);
  CHECK(made[1].key == (etcd_key{"/a/2", "me", 3, 3, 7}));
}

TEST(a removal names the revision that was seen) {
  auto body = json::parse(remove_request({{"/a/1", 9}}).body);
  auto compare = body["success"][0]["request_txn"]["compare"][0];
  CHECK_EQUAL(compare["target"], "MOD");
  CHECK_EQUAL(compare["mod_revision"], "9");
  auto done = read_removed(good(R"({"responses":[{"response_txn":{"succeeded":true}},
    {"response_txn":{"header":{}}}]})"),
                           2);
  CHECK(done[0].done);
  CHECK(!done[1].done);
}

TEST(errors say what is to be done) {
  auto token = bad(401, message(16, "etcdserver: invalid auth token"));
  CHECK(token.token);
  CHECK(bad(400, message(3, "etcdserver: revision of auth store is old")).token);
  CHECK(
    !bad(400, message(3, "etcdserver: authentication failed, invalid user ID or password")).token);
  CHECK(bad(403, message(7, "etcdserver: permission denied")).problem.reason
        == etcd_failure::refused);
  CHECK(bad(404, message(5, "etcdserver: requested lease not found")).problem.reason
        == etcd_failure::lost);
  auto leaderless = bad(503, message(14, "etcdserver: no leader"));
  CHECK(leaderless.endpoint);
  CHECK(leaderless.problem.reason == etcd_failure::unreachable);
  CHECK(bad(500, message(2, "etcdserver: not a primary lessor")).endpoint);
  CHECK(bad(502, "<html>").endpoint);
  CHECK(bad(404, "Not Found").problem.reason == etcd_failure::broken);
  CHECK_EQUAL(bad(404, "Not Found\nat all").problem.what, "HTTP status 404: Not Found");
  CHECK_EQUAL(bad(404, "<html>").problem.what, "HTTP status 404");
  auto named = bad(400, "CommonName of client sending a request against gateway will be ignored "
                        "and not used as expected\n");
  CHECK(named.problem.reason == etcd_failure::refused);
  CHECK(named.problem.what.find("without") != std::string::npos);
  CHECK(bad(200, R"({"error":{"grpc_code":14,"http_code":503,"message":"no leader"}})").endpoint);
  CHECK(bad(200, "[]").problem.reason == etcd_failure::broken);
  CHECK(bad(200, "").problem.reason == etcd_failure::broken);
}

TEST(a watch begins and brings keys and ends in each of its ways) {
  using kind = etcd_watch_message::kind;
  CHECK(read_watch(good(R"({"result":{"header":{},"created":true}})")).what == kind::created);
  auto events = read_watch(good(R"({"result":{"events":[{"kv":{"key":"L2EvMQ=="}},
    {"type":"DELETE","kv":{"key":"L2EvMg==","mod_revision":"7"}}]}})"));
  CHECK(events.what == kind::events);
  CHECK_EQUAL(events.keys, (std::vector<std::string>{"/a/1", "/a/2"}));
  auto compacted = read_watch(good(R"({"result":{"canceled":true,"compact_revision":"4"}})"));
  CHECK(compacted.what == kind::ended);
  CHECK_EQUAL(compacted.reason, "compacted at revision 4");
  auto refused = read_watch(good(R"({"result":{"watch_id":"-1","created":true,"canceled":true,
    "cancel_reason":"rpc error: code = Unauthenticated desc = etcdserver: invalid auth token"}})"));
  CHECK(refused.what == kind::ended);
  CHECK(refused.token);
  CHECK(read_watch(good(R"({"result":{"header":{"revision":"9"}}})")).what == kind::other);
}

TEST(only etcd of 3.4 and later is spoken to) {
  CHECK_EQUAL(version_fault(R"({"etcdserver":"3.4.23","etcdcluster":"3.4.0"})"), "");
  CHECK_EQUAL(version_fault(R"({"etcdserver":"3.7.0"})"), "");
  CHECK_EQUAL(version_fault(R"({"etcdserver":"4.0.0"})"), "");
  CHECK_EQUAL(version_fault(R"({"etcdserver":"3.3.25"})"),
              "it is etcd 3.3.25, expected 3.4 or later");
  CHECK(!version_fault(R"({"etcdserver":"2"})").empty());
  CHECK(!version_fault("<html>").empty());
}

TEST(objects are cut where they end however they come) {
  const std::string text = R"({"result":{"a":"}{\"]"}})"
                           "\n"
                           R"({"b":[1,{"c":2}]})";
  for (size_t size = 1; size <= text.size(); ++size) {
    etcd_stream stream;
    std::vector<std::string> found;
    for (size_t i = 0; i < text.size(); i += size)
      for (auto& x : stream.add(std::string_view{text}.substr(i, size)))
        found.push_back(std::move(x));
    CHECK(!stream.broken());
    CHECK_EQUAL(found,
                (std::vector<std::string>{R"({"result":{"a":"}{\"]"}})", R"({"b":[1,{"c":2}]})"}));
  }
}

TEST(a stream of something else is broken and so is one without an end) {
  etcd_stream html;
  CHECK(html.add("<html>").empty());
  CHECK(html.broken());
  etcd_stream endless;
  endless.add("{");
  std::string megabyte(1 << 20, ' ');
  for (int i = 0; i < 17 && !endless.broken(); ++i)
    endless.add(megabyte);
  CHECK(endless.broken());
}
