// What of Patroni's words is understood, and which members are watched.
#define SUITE patroni
#include "actors/discovery/patroni.hpp"

#include "test/unit/http_script.hpp"
#include "test/unit/test.hpp"

#include "actors/discovery/patroni_body.hpp"
#include "actors/discovery/patroni_metrics.hpp"

using namespace pgstatsmon;

namespace {

const std::string running = R"({"conn_url":"postgres://10.0.0.1:5433/postgres","state":"running",
  "role":"master","timeline":4,"version":"3.0.2","xlog_location":1})";

std::vector<etcd_key> orders() {
  return {
    {"/service/orders/config", R"({"ttl":30,"pause":true,"failsafe_mode":true})"},
    {"/service/orders/history", "[[1,2]]"},
    {"/service/orders/initialize", "7000000000000000001"},
    {"/service/orders/leader", "b"},
    {"/service/orders/members/b", running},
    {"/service/orders/members/a",
     R"({"conn_url":"postgres://u:p@[fe80::1]/x?a=b","state":"streaming","pending_restart":true})"},
    {"/service/orders/status", R"({"optime":1})"}};
}

std::vector<patroni_cluster> read(const std::vector<etcd_key>& keys,
                                  const std::vector<std::string>& patterns = {}) {
  return read_patroni_keys(keys, "/service/", patterns, 5);
}

patroni_cluster one(std::string state, std::string address = "10.0.0.1") {
  patroni_cluster result;
  result.scope = "s";
  result.members = {{"m", std::move(address), 5432, std::move(state), false, 0, false}};
  return result;
}

/// An etcd that says one thing.
struct fake_store : etcd_api {
  explicit fake_store(etcd_result<etcd_range> x) : answer{std::move(x)} {}

  void range(std::string prefix, etcd_done<etcd_range> done) override {
    asked = std::move(prefix);
    done(answer);
  }
  void put(etcd_put, etcd_done<etcd_written>) override {}
  void create(std::vector<etcd_create>, etcd_done<std::vector<etcd_created>>) override {}
  void remove(std::vector<etcd_remove>, etcd_done<std::vector<etcd_removed>>) override {}
  void grant(std::chrono::seconds, etcd_done<etcd_lease>) override {}
  void keepalive(int64_t, etcd_done<etcd_lease>) override {}
  void revoke(int64_t, etcd_done<etcd_revoked>) override {}
  std::shared_ptr<void> watch(std::string, std::function<bool(std::string_view)>,
                              std::function<void()>) override {
    return nullptr;
  }

  etcd_result<etcd_range> answer;
  std::string asked;
};

source_failure reason(const patroni_answer& x) {
  REQUIRE(std::holds_alternative<source_problem>(x));
  return std::get<source_problem>(x).reason;
}

std::string cluster_body(std::string_view leader) {
  return R"({"members":[{"name":"a","role":")" + std::string{leader == "a" ? "leader" : "replica"}
         + R"(","state":"running","host":"10.0.0.1","port":5432,"timeline":2},{"name":"b","role":")"
         + std::string{leader == "b" ? "leader" : "replica"}
         + R"(","state":"streaming","host":"10.0.0.2","port":5432,"pending_restart":true}],"pause":true})";
}

std::string member_body(int seen) {
  return R"({"state":"running","dcs_last_seen":)" + std::to_string(seen)
         + R"(,"patroni":{"version":"3.0.2","scope":"orders"}})";
}

} // namespace

TEST(a cluster is made of its keys) {
  auto clusters = read(orders());
  REQUIRE(clusters.size() == 1);
  const auto& x = clusters[0];
  CHECK_EQUAL(x.scope, "orders");
  CHECK(x.paused);
  CHECK(x.failsafe);
  CHECK(x.leader);
  CHECK_EQUAL(x.seen, 5.0);
  REQUIRE(x.members.size() == 2);
  CHECK(x.members[0] == (patroni_member{"a", "fe80::1", 0, "streaming", false, 0, true}));
  CHECK(x.members[1] == (patroni_member{"b", "10.0.0.1", 5433, "running", true, 4, false}));
}

TEST(what is no JSON or of another form counts as not given) {
  auto clusters = read({{"/service/a/config", "{{{"},
                        {"/service/a/members/m", R"([{"conn_url":1}])"},
                        {"/service/a/members/n", R"({"conn_url":7,"timeline":-1,"state":{}})"},
                        {"/service/a/members/o", R"({"conn_url":"postgres://h1:1,h2:2/x"})"},
                        {"/service/a/members/", running},
                        {"/service/a/members/x/y", running},
                        {"/service/a", running},
                        {"/service//members/z", running},
                        {"/other/b/members/z", running}});
  REQUIRE(clusters.size() == 1);
  REQUIRE(clusters[0].members.size() == 3);
  for (const auto& x : clusters[0].members)
    CHECK_EQUAL(x.address, "");
  CHECK(!clusters[0].leader);
}

TEST(only scopes that are wanted are read) {
  std::vector<etcd_key> keys;
  for (const auto* scope : {"orders-1", "orders-2", "billing"})
    keys.push_back({"/service/" + std::string{scope} + "/members/m", running});
  CHECK_EQUAL(read(keys).size(), 3u);
  CHECK_EQUAL(read(keys, {"orders-*"}).size(), 2u);
  CHECK_EQUAL(read(keys, {"billing", "orders-2"}).size(), 2u);
  CHECK_EQUAL(read(keys, {"orders"}).size(), 0u);
}

TEST(members become backends with their labels) {
  auto list = backends_of(read(orders()));
  CHECK(list.rejected.empty());
  REQUIRE(list.backends.size() == 2);
  const auto& x = list.backends[1];
  CHECK_EQUAL(x.key, "orders/b");
  CHECK_EQUAL(x.name, "orders-b");
  CHECK_EQUAL(x.address, "10.0.0.1");
  CHECK_EQUAL(x.port, 5433);
  CHECK((x.labels == label_list{{"cluster", "orders"}, {"member", "b"}}));
  CHECK_EQUAL(x.role, "");
}

TEST(members without a server are no backends and those that are down are) {
  for (const auto* x : {"stopped", "creating replica", "initializing new cluster", "initdb failed",
                        "running custom bootstrap script"}) {
    auto list = backends_of({one(x)});
    CHECK(list.backends.empty());
    REQUIRE(list.rejected.size() == 1);
    CHECK(list.rejected[0].reason == reject_reason::state);
  }
  for (const auto* x :
       {"running", "streaming", "starting", "crashed", "start failed", "restarting", ""})
    CHECK_EQUAL(backends_of({one(x)}).backends.size(), 1u);
  auto nowhere = backends_of({one("running", "")});
  REQUIRE(nowhere.rejected.size() == 1);
  CHECK(nowhere.rejected[0].reason == reject_reason::address);
}

TEST(news are a leader and members that were not known) {
  std::vector<std::string> known{"orders/a", "orders/b"};
  auto news = [&](std::string_view key) { return is_patroni_news(key, "/service/", known); };
  CHECK(news("/service/orders/leader"));
  CHECK(news("/service/orders/config"));
  CHECK(news("/service/orders/members/c"));
  CHECK(news("/service/billing/members/a"));
  CHECK(!news("/service/orders/members/a"));
  CHECK(!news("/service/orders/status"));
  CHECK(!news("/service/orders/optime/leader"));
  CHECK(!news("/service/orders/history"));
  CHECK(!news("/other/orders/leader"));
}

TEST(etcd is asked for the namespace and nothing there is a failure) {
  patroni_settings how;
  patroni_memory memory;
  fake_store store{etcd_range{orders(), 9}};
  auto answer = ask_patroni_etcd(how, store, memory, {});
  CHECK_EQUAL(store.asked, "/service/");
  REQUIRE(std::holds_alternative<std::vector<patroni_cluster>>(answer));
  CHECK(std::get<0>(answer)
        == read_patroni_keys(orders(), "/service/", {}, std::get<0>(answer)[0].seen));
  CHECK(!memory.is_news("/service/orders/members/a", "/service/"));
  CHECK(memory.is_news("/service/orders/members/z", "/service/"));
  store.answer = etcd_range{};
  CHECK(reason(ask_patroni_etcd(how, store, memory, {})) == source_failure::contradiction);
  // Others are there, none that is wanted: that is an answer.
  how.scopes = {"none"};
  store.answer = etcd_range{orders(), 9};
  CHECK(
    std::holds_alternative<std::vector<patroni_cluster>>(ask_patroni_etcd(how, store, memory, {})));
  store.answer = etcd_problem{etcd_failure::other_cluster, "another"};
  CHECK(reason(ask_patroni_etcd(how, store, memory, {})) == source_failure::contradiction);
  store.answer = etcd_problem{etcd_failure::unreachable, "nobody"};
  CHECK(reason(ask_patroni_etcd(how, store, memory, {})) == source_failure::connect);
}

TEST(a member says by REST what it knows of its cluster) {
  auto x = read_patroni_rest(cluster_body("b"), member_body(7));
  REQUIRE(x.has_value());
  CHECK_EQUAL(x->scope, "orders");
  CHECK(x->paused);
  CHECK(x->leader);
  CHECK_EQUAL(x->seen, 7.0);
  REQUIRE(x->members.size() == 2);
  CHECK(x->members[0] == (patroni_member{"a", "10.0.0.1", 5432, "running", false, 2, false}));
  CHECK(x->members[1] == (patroni_member{"b", "10.0.0.2", 5432, "streaming", true, 0, true}));
  CHECK(!read_patroni_rest("{}", member_body(7)));
  CHECK(!read_patroni_rest(cluster_body("b"), "{}"));
  CHECK(!read_patroni_rest("<html>", ""));
}

TEST(of several members the one that saw the DCS last is believed and one may be silent) {
  std::atomic<bool> first_is_there = true;
  auto member = [](std::string leader, int seen) {
    return [leader, seen](const std::string& request, const test::http_peer& peer) {
      if (request.starts_with("GET /cluster "))
        peer.answer(cluster_body(leader));
      else
        peer.answer(member_body(seen), "503 Service Unavailable"); // no leader
    };
  };
  auto known = member("a", 7);
  test::http_script first{[&](const std::string& request, const test::http_peer& peer) {
    if (first_is_there)
      known(request, peer);
    else
      peer.answer("", "500 Internal Server Error");
  }};
  test::http_script second{member("b", 9)};
  patroni_settings how;
  how.rest = {first.url(), second.url()};
  patroni_rest_memory memory;
  auto leader = [&] {
    auto answer = ask_patroni_rest(how, memory, {});
    REQUIRE(std::holds_alternative<std::vector<patroni_cluster>>(answer));
    const auto& clusters = std::get<0>(answer);
    REQUIRE(clusters.size() == 1);
    CHECK(clusters[0].members.size() == 2);
    return clusters[0].members[0].leader ? "a" : "b";
  };
  CHECK_EQUAL(std::string{leader()}, "b");
  first_is_there = false;
  CHECK_EQUAL(std::string{leader()}, "b");
  how.rest = {first.url()};
  CHECK(reason(ask_patroni_rest(how, memory, {})) == source_failure::status);
}

TEST(series follow what is said and end with it) {
  prometheus::Registry registry;
  patroni_metrics metrics{registry};
  auto count = [&] {
    size_t result = 0;
    for (const auto& family : registry.Collect())
      result += family.metric.size();
    return result;
  };
  auto clusters = read(orders());
  metrics.show("one", clusters);
  CHECK_EQUAL(count(), 5u + 2 * 3 + 1); // a does not say its timeline
  metrics.show("two", clusters);
  CHECK_EQUAL(count(), 24u);
  clusters[0].members.pop_back();
  metrics.show("one", clusters);
  CHECK_EQUAL(count(), 12u + 5 + 3);
  metrics.show("two", {});
  metrics.show("one", {});
  CHECK_EQUAL(count(), 0u);
  auto huge = one("running");
  huge.members.resize(patroni_metrics::max_members + 1);
  metrics.show("one", {huge});
  CHECK_EQUAL(count(), 0u);
}
