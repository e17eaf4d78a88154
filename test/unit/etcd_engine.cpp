// What a client of etcd does when etcd, or what stands in its place, behaves as it can.
#define SUITE etcd_engine
#include "actors/etcd/etcd_engine.hpp"

#include "test/unit/test.hpp"

#include "config/base64.hpp"

#include <algorithm>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view head = R"("header":{"cluster_id":"11","revision":"5","raft_term":"2"})";

http_reply reply(std::string body, long status = 200) {
  http_reply result;
  result.status = status;
  result.body = std::move(body);
  return result;
}

http_reply good(std::string more = {}) {
  return reply("{" + std::string{head} + (more.empty() ? "" : "," + more) + "}");
}

http_reply from(std::string_view cluster, std::string_view term) {
  return reply(R"({"header":{"cluster_id":")" + std::string{cluster} + R"(","raft_term":")"
               + std::string{term} + R"("}})");
}

http_reply version() {
  return reply(R"({"etcdserver":"3.5.9"})");
}

http_reply error(int code, std::string_view text, long status = 400) {
  return reply(R"({"code":)" + std::to_string(code) + R"(,"message":")" + std::string{text} + "\"}",
               status);
}

http_problem broken(http_failure reason) {
  return {reason, "it broke"};
}

std::string result(std::string_view more) {
  return R"({"result":{)" + std::string{head} + "," + std::string{more} + "}}";
}

struct fixture {
  explicit fixture(size_t endpoints = 1, bool user = false)
    : engine{settings_with(endpoints), user_of(user), [] { return 0.0; }} {}

  static etcd_settings settings_with(size_t endpoints) {
    etcd_settings result;
    for (size_t i = 0; i < endpoints; ++i)
      result.endpoints.push_back("http://e" + std::to_string(i));
    return result;
  }

  static etcd_engine::credentials user_of(bool user) {
    if (!user)
      return {};
    return [] { return std::optional{std::pair{std::string{"me"}, std::string{"secret"}}}; };
  }

  /// A call; what comes of it goes to `outcomes`.
  void ask(etcd_request request = range_request("/a/"), bool first = false) {
    engine.submit({std::move(request), first,
                   [this](const etcd_engine::outcome& x, auto) { outcomes.push_back(x); }},
                  now);
  }

  void watch(std::function<bool(std::string_view)> matters = {}) {
    engine.watch(1, "/a/", std::move(matters), [this] { ++hints; });
  }

  void pump() {
    engine.tick(now);
    for (auto& x : engine.take()) {
      if (x.begin)
        begun.emplace_back(x.id, *x.begin);
      else
        std::erase_if(begun, [&](const auto& y) { return y.first == x.id; });
    }
  }

  /// Time passes; what is due is done.
  void pass(std::chrono::milliseconds time) {
    auto until = now + time;
    while (now < until) {
      pump();
      if (auto i = find(false); always && i != begun.end())
        answer(i->second.url.ends_with("/version") && !always_old ? version() : *always);
      now = std::clamp(engine.next(now), now + 1ms, until);
    }
    pump();
  }

  /// The URL of the only request under way that is no stream; empty: there is none.
  std::string url(bool stream = false) {
    pump();
    auto i = find(stream);
    return i == begun.end() ? "" : i->second.url;
  }

  http_call call(bool stream = false) {
    pump();
    auto i = find(stream);
    REQUIRE(i != begun.end());
    return i->second;
  }

  void answer(http_answer x, bool stream = false) {
    pump();
    auto i = find(stream);
    REQUIRE(i != begun.end());
    auto id = i->first;
    begun.erase(i);
    engine.answered(id, std::move(x), now);
    pump();
  }

  bool piece(const std::string& x) {
    pump();
    auto i = find(true);
    REQUIRE(i != begun.end());
    return engine.piece(i->first, x, now);
  }

  std::vector<std::pair<uint64_t, http_call>>::iterator find(bool stream) {
    return std::find_if(begun.begin(), begun.end(),
                        [&](const auto& x) { return x.second.stream == stream; });
  }

  /// The first call has gone well, so that nothing has to be found out any more.
  void settle() {
    ask();
    answer(version());
    if (url().ends_with("/authenticate"))
      answer(good(R"("token":"t1")"));
    answer(good());
    REQUIRE(outcomes.size() == 1);
    outcomes.clear();
  }

  etcd_failure failure(size_t i = 0) {
    REQUIRE(outcomes.size() > i);
    REQUIRE(std::holds_alternative<etcd_problem>(outcomes[i]));
    return std::get<etcd_problem>(outcomes[i]).reason;
  }

  bool done(size_t i = 0) const {
    return outcomes.size() > i && std::holds_alternative<etcd_document>(outcomes[i]);
  }

  std::string token() {
    for (const auto& [name, text] : call().headers)
      if (name == "Authorization")
        return text;
    return {};
  }

  etcd_engine engine;
  etcd_engine::time_point now{1000s};
  std::vector<std::pair<uint64_t, http_call>> begun;
  std::vector<etcd_engine::outcome> outcomes;
  std::optional<http_reply> always; // what every request is answered while time passes
  bool always_old = false;          // questions for the version, too
  int hints = 0;
};

struct two : fixture {
  two() : fixture{2} {}
};

struct with_user : fixture {
  with_user() : fixture{1, true} {}
};

} // namespace

FIXTURE_SCOPE(one_endpoint, fixture)

TEST(the version is looked at once before the first call) {
  ask();
  CHECK_EQUAL(url(), "http://e0/version");
  answer(version());
  CHECK_EQUAL(url(), "http://e0/v3/kv/range");
  answer(good());
  CHECK(done());
  ask();
  CHECK_EQUAL(url(), "http://e0/v3/kv/range");
}

TEST(an etcd that is too old is refused) {
  ask();
  always = reply(R"({"etcdserver":"3.3.25"})");
  always_old = true;
  pass(7s);
  CHECK(failure() == etcd_failure::broken);
}

TEST(calls go one after the other and leases before others) {
  settle();
  ask();
  ask(put_request({"k", "v", 0}));
  CHECK_EQUAL(url(), "http://e0/v3/kv/range");
  ask(keepalive_request(7), true);
  pump();
  CHECK_EQUAL(begun.size(), 1u);
  answer(good());
  CHECK_EQUAL(url(), "http://e0/v3/lease/keepalive");
  answer(good());
  CHECK_EQUAL(url(), "http://e0/v3/kv/put");
}

TEST(every call is answered in time whatever etcd does) {
  for (int i = 0; i < 50; ++i)
    ask();
  pass(5999ms);
  CHECK(outcomes.size() < 50);
  pass(2ms);
  // One request may be under way; its own limit ends it.
  CHECK(outcomes.size() >= 49);
  CHECK(failure() == etcd_failure::unreachable);
  REQUIRE(!begun.empty());
  CHECK(*call().timeout <= 3s);
}

TEST(the last attempt of a call has the time that is left) {
  ask();
  pump();
  now += 4s;
  answer(broken(http_failure::timeout));
  pass(1s);
  CHECK(*call().timeout <= 1751ms);
}

TEST(more calls than may wait are refused at once) {
  for (size_t i = 0; i < etcd_max_waiting + 2; ++i)
    ask();
  CHECK_EQUAL(outcomes.size(), 2u);
  CHECK(failure() == etcd_failure::busy);
}

TEST(a read is tried again with backoff and a write is not when it may have happened) {
  settle();
  ask();
  answer(broken(http_failure::network));
  CHECK(outcomes.empty());
  CHECK_EQUAL(url(), "");
  pass(249ms);
  CHECK_EQUAL(url(), "");
  pass(1ms);
  answer(version());
  answer(good());
  CHECK(done());
  outcomes.clear();
  ask(put_request({"k", "v", 0}));
  answer(broken(http_failure::timeout));
  CHECK(failure() == etcd_failure::unreachable);
}

TEST(a write that never left is tried again) {
  settle();
  ask(put_request({"k", "v", 0}));
  answer(broken(http_failure::connect));
  CHECK(outcomes.empty());
  pass(250ms);
  answer(version());
  answer(good());
  CHECK(done());
}

TEST(another cluster behind the same name is not believed until the known one is long gone) {
  settle();
  ask();
  always = from("12", "9");
  pass(7s);
  CHECK(failure() == etcd_failure::other_cluster);
  outcomes.clear();
  pass(40s);
  ask();
  pass(10s);
  CHECK(failure() == etcd_failure::other_cluster);
  outcomes.clear();
  pass(10s);
  ask();
  pass(1s);
  CHECK(done());
}

TEST(a term that falls is an old backup or a member that was left behind) {
  settle();
  ask();
  always = from("11", "1");
  pass(7s);
  CHECK(failure() == etcd_failure::other_cluster);
  outcomes.clear();
  pass(10s);
  always = from("11", "3");
  ask();
  pass(1s);
  CHECK(done());
}

TEST(a store that goes back in time was wiped or is a backup) {
  settle();
  ask();
  answer(reply(R"({"header":{"cluster_id":"11","raft_term":"2","revision":"9"}})"));
  REQUIRE(done());
  outcomes.clear();
  // A lease's answer says what its member has applied, which may be older.
  ask(keepalive_request(7), true);
  answer(reply(R"({"result":{"header":{"cluster_id":"11","raft_term":"2","revision":"8"}}})"));
  CHECK(done());
  outcomes.clear();
  ask();
  always = reply(R"({"header":{"cluster_id":"11","raft_term":"2","revision":"3"}})");
  pass(7s);
  CHECK(failure() == etcd_failure::other_cluster);
  outcomes.clear();
  pass(60s);
  ask();
  pass(1s);
  CHECK(done());
}

TEST(an answer may be older than what a watch has said since it was asked for) {
  settle();
  watch();
  piece(result(R"("created":true)"));
  ask();
  CHECK_EQUAL(url(), "http://e0/v3/kv/range");
  piece(R"({"result":{"header":{"cluster_id":"11","raft_term":"3","revision":"9"}}})");
  answer(reply(R"({"header":{"cluster_id":"11","raft_term":"2","revision":"6"}})"));
  CHECK(done());
  outcomes.clear();
  // One that was asked for since then may not.
  ask();
  answer(reply(R"({"header":{"cluster_id":"11","raft_term":"3","revision":"8"}})"));
  CHECK(!done());
}

TEST(a watch waits until an endpoint is known and hints when it begins) {
  watch();
  CHECK_EQUAL(url(), "http://e0/version");
  answer(version());
  pass(100ms);
  CHECK_EQUAL(url(true), "http://e0/v3/watch");
  auto headers = call(true).headers;
  CHECK(std::find(headers.begin(), headers.end(),
                  std::pair<std::string, std::string>{"Grpc-Metadata-hasleader", "true"})
        != headers.end());
  CHECK(call(true).timeout == etcd_engine::watch_life);
  CHECK_EQUAL(hints, 0);
  CHECK(piece(result(R"("created":true)")));
  CHECK_EQUAL(hints, 1);
}

TEST(only keys that matter are worth a hint) {
  settle();
  watch([](std::string_view key) { return !key.ends_with("/status"); });
  piece(result(R"("created":true)"));
  piece(result(R"("events":[{"kv":{"key":")" + to_base64("/a/status") + R"("}}])"));
  CHECK_EQUAL(hints, 1);
  piece(result(R"("events":[{"kv":{"key":")" + to_base64("/a/status")
               + R"("}},{"type":"DELETE","kv":{"key":")" + to_base64("/a/leader") + R"("}}])"));
  CHECK_EQUAL(hints, 2);
}

TEST(a watch does not hold up calls nor calls a watch) {
  settle();
  watch();
  CHECK_EQUAL(url(true), "http://e0/v3/watch");
  ask();
  CHECK_EQUAL(url(), "http://e0/v3/kv/range");
}

TEST(each end of a watch is the beginning of another one and a hint) {
  settle();
  watch();
  piece(result(R"("created":true)"));
  auto again = [&](int expected) {
    for (int i = 0; i < 100 && url(true).empty(); ++i)
      pass(100ms);
    CHECK_EQUAL(url(true), "http://e0/v3/watch");
    piece(result(R"("created":true)"));
    CHECK_EQUAL(hints, expected);
  };
  // It says an error.
  CHECK(!piece(R"({"error":{"grpc_code":14,"http_code":503,"message":"no leader"}})"));
  answer(reply(""), true);
  again(2);
  // It was compacted, or is canceled for another reason.
  CHECK(!piece(result(R"("canceled":true,"compact_revision":"4")")));
  answer(reply(""), true);
  again(3);
  // It just ends.
  answer(reply(""), true);
  again(4);
  // It breaks, or its time is over.
  answer(broken(http_failure::timeout), true);
  again(5);
  CHECK_EQUAL(engine.counts().watch_restarts, 4u);
}

TEST(a watch that had a good life begins anew at once and others with backoff) {
  settle();
  watch();
  piece(result(R"("created":true)"));
  now += 60s;
  answer(broken(http_failure::timeout), true);
  CHECK_EQUAL(url(true), "http://e0/v3/watch");
  answer(reply(""), true);
  CHECK_EQUAL(url(true), "");
  pass(249ms);
  CHECK_EQUAL(url(true), "");
  pass(1ms);
  CHECK_EQUAL(url(true), "http://e0/v3/watch");
}

TEST(a watch that is no stream of objects ends) {
  settle();
  watch();
  CHECK(!piece("<html>"));
}

TEST(a watch that nobody wants is dropped) {
  settle();
  watch();
  CHECK_EQUAL(url(true), "http://e0/v3/watch");
  engine.unwatch(1);
  CHECK_EQUAL(url(true), "");
  CHECK(!engine.piece(99, "{}", now));
}

TEST(at the end everybody is told) {
  settle();
  ask();
  ask();
  pump();
  engine.end();
  CHECK_EQUAL(outcomes.size(), 2u);
  CHECK(failure(0) == etcd_failure::ended);
  CHECK(failure(1) == etcd_failure::ended);
}

TEST(a user is wanted where there is none) {
  settle();
  ask();
  answer(error(3, "etcdserver: user name is empty"));
  CHECK(failure() == etcd_failure::refused);
}

FIXTURE_SCOPE_END()

FIXTURE_SCOPE(two_endpoints, two)

TEST(the other endpoint is asked at once and then stays) {
  settle();
  auto first = begun.empty() ? "http://e0" : "";
  CHECK_EQUAL(std::string{first}, "http://e0");
  ask();
  CHECK_EQUAL(url(), "http://e0/v3/kv/range");
  answer(broken(http_failure::connect));
  CHECK_EQUAL(url(), "http://e1/version");
  answer(version());
  answer(good());
  CHECK(done());
  ask();
  CHECK_EQUAL(url(), "http://e1/v3/kv/range");
}

TEST(a member without a leader or that is silent is left for another one) {
  settle();
  ask();
  answer(error(14, "etcdserver: no leader", 503));
  CHECK_EQUAL(url(), "http://e1/version");
  answer(broken(http_failure::timeout));
  pass(250ms);
  CHECK_EQUAL(url(), "http://e0/v3/kv/range");
}

TEST(a watch that neither begins nor ends moves to another member) {
  settle();
  watch();
  CHECK_EQUAL(url(true), "http://e0/v3/watch");
  pass(3s);
  CHECK_EQUAL(url(true), "");
  pass(250ms);
  CHECK_EQUAL(url(), "http://e1/version");
  answer(version());
  pass(500ms);
  CHECK_EQUAL(url(true), "http://e1/v3/watch");
}

TEST(an answer of another cluster counts against its endpoint alone) {
  settle();
  ask();
  answer(from("12", "9"));
  CHECK_EQUAL(url(), "http://e1/version");
  answer(version());
  answer(good());
  CHECK(done());
}

FIXTURE_SCOPE_END()

FIXTURE_SCOPE(authenticated, with_user)

TEST(a token is got once and goes with every call and watch) {
  ask();
  answer(version());
  CHECK_EQUAL(url(), "http://e0/v3/auth/authenticate");
  auto asked = call();
  CHECK_EQUAL(*asked.body, R"({"name":"me","password":"secret"})");
  answer(good(R"("token":"t1")"));
  CHECK_EQUAL(token(), "t1");
  answer(good());
  ask();
  CHECK_EQUAL(url(), "http://e0/v3/kv/range");
  CHECK_EQUAL(token(), "t1");
}

TEST(a token that ended is renewed once for a call) {
  settle();
  ask(put_request({"k", "v", 0}));
  answer(error(16, "etcdserver: invalid auth token", 401));
  CHECK_EQUAL(url(), "http://e0/v3/auth/authenticate");
  answer(good(R"("token":"t2")"));
  CHECK_EQUAL(token(), "t2");
  answer(good());
  CHECK(done());
}

TEST(passwords are not tried without a pause) {
  settle();
  for (int i = 0; i < 20; ++i)
    ask();
  int tries = 0;
  for (auto until = now + 5s; now < until; now += 10ms) {
    if (url().empty())
      continue;
    if (url().ends_with("/authenticate")) {
      ++tries;
      answer(good(R"("token":"t2")"));
    } else {
      answer(error(16, "etcdserver: invalid auth token", 401));
    }
  }
  CHECK(tries >= 2);
  CHECK(tries <= 6);
}

TEST(a wrong password is refused and an etcd without passwords needs none) {
  ask();
  answer(version());
  answer(error(3, "etcdserver: authentication failed, invalid user ID or password"));
  CHECK(failure() == etcd_failure::refused);
  outcomes.clear();
  // Who waits for the next attempt is told of the last one.
  always = error(3, "etcdserver: authentication failed, invalid user ID or password");
  for (int i = 0; i < 5; ++i) {
    ask();
    pass(7s);
  }
  always.reset();
  for (size_t i = 0; i < outcomes.size(); ++i)
    CHECK(failure(i) == etcd_failure::refused);
  outcomes.clear();
  pass(20s);
  ask();
  pass(1s);
  answer(error(9, "etcdserver: authentication is not enabled"));
  CHECK_EQUAL(url(), "http://e0/v3/kv/range");
  CHECK_EQUAL(token(), "");
}

TEST(a watch whose token ended gets another one) {
  settle();
  watch();
  CHECK(!piece(
    result(R"("created":true,"canceled":true,"cancel_reason":"etcdserver: invalid auth token")")));
  answer(reply(""), true);
  pass(300ms);
  CHECK_EQUAL(url(), "http://e0/v3/auth/authenticate");
  answer(good(R"("token":"t2")"));
  pass(200ms);
  CHECK_EQUAL(url(true), "http://e0/v3/watch");
}

FIXTURE_SCOPE_END()
