// What is said of one cluster.
#define SUITE cluster_model

#include "actors/fleet/cluster_model.hpp"

#include "test/unit/fleet_fixture.hpp"
#include "test/unit/test.hpp"

#include <cmath>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

struct fixture : test::fleet_fixture {
  const cluster_view& look(std::chrono::seconds later = 10s) {
    pass(later);
    model.look(servers_of(seen()), unix_now);
    return *model.view();
  }

  const member_view& member(const std::string& name) const {
    for (const auto& x : model.view()->members)
      if (x.name == name)
        return x;
    static const member_view nobody;
    return nobody;
  }

  bool lags(const std::string& name, double seconds, double tolerance = 0.1) const {
    const auto& lag = member(name).lag;
    if (lag)
      CAF_MESSAGE(name << " lags " << *lag);
    return lag && std::abs(*lag - seconds) <= tolerance;
  }

  /// A primary that writes 100 bytes a second, and a standby.
  void make_pair() {
    a = &add("a");
    b = &add("b", true);
    follow(*b, *a);
  }

  void write(uint64_t bytes) { *a->says.position += bytes; }
  void replay() {
    b->says.position = a->says.position;
    for (auto& x : a->says.clients)
      x.replayed = b->says.position;
  }

  cluster_model model{"7"};
  test::paper_server* a = nullptr;
  test::paper_server* b = nullptr;
};

} // namespace

FIXTURE_SCOPE(cluster_model_tests, fixture)

TEST(a standby that is level with an idle primary has no lag) {
  make_pair();
  for (int i = 0; i < 100; ++i)
    look();
  CHECK(lags("b", 0, 0));
  CHECK(member("b").attached == true);
  CHECK_EQUAL(member("b").upstream, "a");
  CHECK(!member("a").attached);
  CHECK(!member("a").lag);
  CHECK_EQUAL(model.view()->writable, 1u);
}

TEST(a standby whose link is cut lags by the time since it was level) {
  make_pair();
  for (int i = 0; i < 10; ++i) {
    look();
    write(1000);
    replay();
  }
  leave(*b);
  for (int i = 0; i < 360; ++i) {
    look();
    write(1000);
  }
  CHECK(lags("b", 3600, 20));
  CHECK(member("b").attached == false);
  CHECK_EQUAL(member("b").upstream, "a");
  // Nothing more is written, and it is as far behind as time goes.
  for (int i = 0; i < 360; ++i)
    look();
  CHECK(lags("b", 7200, 20));
  CHECK(!member("b").lag_is_bound);
}

TEST(a standby whose link is cut and that has missed nothing has no lag) {
  make_pair();
  look();
  leave(*b);
  for (int i = 0; i < 100; ++i)
    look();
  CHECK(lags("b", 0, 0));
  CHECK(member("b").attached == false);
}

TEST(a standby that replays late lags as long as it does) {
  make_pair();
  std::deque<uint64_t> past;
  for (int i = 0; i < 100; ++i) {
    past.push_back(*a->says.position);
    if (past.size() > 5) {
      past.pop_front();
      b->says.position = past.front();
    }
    look();
    write(500 + static_cast<uint64_t>(i * 131 % 700));
  }
  CHECK(lags("b", 40));
}

TEST(a lag that began before the first look is a bound) {
  make_pair();
  b->says.position = 10;
  b->says.replay_age = 5000;
  look();
  look();
  CHECK(member("b").lag_is_bound);
  CHECK(lags("b", 5000));
  b->says.replay_age.reset();
  look();
  CHECK(lags("b", 20, 1));
}

TEST(while the primary is down the lag stands still) {
  make_pair();
  for (int i = 0; i < 10; ++i) {
    look();
    write(1000);
  }
  look();
  auto before = *member("b").lag;
  CHECK(before > 0);
  a->up = false;
  leave(*b);
  for (int i = 0; i < 100; ++i)
    look();
  CHECK(lags("b", before, 1));
}

TEST(a server and its standby are not asked at one moment) {
  make_pair();
  a->after = 5s;
  for (int i = 0; i < 10; ++i) {
    look();
    write(1000); // 100 bytes a second
    b->says.position = *a->says.position - 500;
  }
  CHECK(lags("b", 0, 0.1));
  a->after = 0s;
  b->after = 5s;
  look();
  write(1000);
  look();
  CHECK(lags("b", 17.5, 0.1));
}

TEST(a standby that is down lags by what its sender says of it) {
  make_pair();
  look();
  b->up = false;
  write(1000);
  look();
  CHECK(member("b").attached == true);
  CHECK(lags("b", 10));
  a->says.clients.front().replayed = *b->says.position + 900;
  look();
  CHECK(lags("b", 11, 0.2));
  a->says.clients.clear();
  look();
  CHECK(member("b").attached == false);
  CHECK(!member("b").lag);
}

TEST(of a standby that is down with its sender nothing is known) {
  make_pair();
  look();
  a->up = false;
  b->up = false;
  look();
  CHECK(!member("b").attached);
  CHECK(!member("b").lag);
}

TEST(behind a standby lag is measured from the primary) {
  make_pair();
  auto& c = add("c", true);
  follow(c, *b);
  look();
  write(1000);
  look();
  CHECK(lags("c", 10));
  CHECK_EQUAL(member("c").upstream, "b");
}

TEST(two servers that take writes are a split brain) {
  make_pair();
  look();
  b->says.standby = false;
  b->says.timeline = 2;
  leave(*b);
  look();
  CHECK_EQUAL(model.view()->writable, 2u);
  CHECK(member("a").diverged);
  CHECK(!member("b").diverged);
}

TEST(a promotion in order is none) {
  make_pair();
  look();
  a->up = false;
  look();
  CHECK_EQUAL(model.view()->writable, 0u);
  b->says.standby = false;
  b->says.timeline = 2;
  leave(*b);
  look();
  CHECK_EQUAL(model.view()->writable, 1u);
  CHECK(!member("a").diverged);
}

TEST(time without a writable server begins when one was seen last) {
  make_pair();
  look();
  auto then = unix_now;
  a->up = false;
  look();
  look();
  CHECK_EQUAL(model.view()->writable_seen, then);
}

TEST(a cluster whose primary is not watched never had one) {
  add("b", true);
  look();
  CHECK_EQUAL(model.view()->writable_seen, 0.);
}

TEST(a new primary takes over the past of the old one) {
  make_pair();
  auto& c = add("c", true);
  follow(c, *a);
  for (int i = 0; i < 10; ++i) {
    look();
    write(1000);
    replay();
  }
  // c stands where it was in the beginning.
  a->up = false;
  leave(*b);
  leave(c);
  b->says.standby = false;
  b->says.timeline = 2;
  look();
  for (int i = 0; i < 10; ++i) {
    *b->says.position += 1000;
    look();
  }
  CHECK(lags("c", 200, 15));
}

TEST(an old primary that follows the new one with what was lost has diverged) {
  make_pair();
  look();
  a->up = false;
  look();
  b->says.standby = false;
  b->says.timeline = 2;
  leave(*b);
  look();
  *b->says.position += 5000;
  a->up = true;
  a->says.standby = true;
  *a->says.position += 10; // beyond where b was promoted
  look();
  CHECK(member("a").diverged);
  *a->says.position -= 10;
  look();
  CHECK(!member("a").diverged);
}

TEST(a standby that follows nobody is missed from the first look on) {
  add("a");
  add("b", true);
  look();
  CHECK(member("b").attached == false);
}

TEST(a standby that lives on the archive is not missed) {
  add("a");
  auto& c = add("c", true);
  c.identity.streams = false;
  look();
  CHECK(!member("c").attached);
}

TEST(a receiver that its sender does not know is on its way) {
  make_pair();
  look();
  CHECK(member("b").attached == true);
  auto receiver = b->says.receiver;
  leave(*b);
  look();
  CHECK(member("b").attached == false);
  // It calls itself streaming until its sender has refused it; the sender was asked before.
  b->says.receiver = receiver;
  look();
  CHECK(member("b").attached == false);
  look();
  CHECK(member("b").attached == false);
}

TEST(a standby that is not watched is missed for a day) {
  a = &add("a");
  a->says.clients.push_back({.application = "far",
                             .address = "10.1.1.2",
                             .slot = {},
                             .state = "streaming",
                             .sync = "async",
                             .replayed = 900});
  look();
  CHECK(member("far@10.1.1.2").attached == true);
  CHECK(member("far@10.1.1.2").entries.empty());
  CHECK_EQUAL(member("far@10.1.1.2").backend, "a");
  write(100);
  look();
  CHECK(lags("far@10.1.1.2", 10, 20));
  a->says.clients.clear();
  look();
  CHECK(member("far@10.1.1.2").attached == false);
  look(23h);
  CHECK(member("far@10.1.1.2").attached == false);
  look(2h);
  CHECK(member("far@10.1.1.2").name.empty());
}

TEST(a standby that comes to be watched is not missed under another name) {
  a = &add("a");
  a->says.clients.push_back({.application = "b",
                             .address = "10.0.0.2",
                             .slot = {},
                             .state = "streaming",
                             .sync = "async",
                             .replayed = 900});
  look();
  CHECK(member("b@10.0.0.2").attached == true);
  auto& fresh = add("b", true);
  follow(fresh, *a);
  look();
  look();
  CHECK(member("b@10.0.0.2").name.empty());
  CHECK(member("b").attached == true);
}

TEST(a standby whose sender was asked first is not missed under what it calls it) {
  a = &add("a");
  a->says.clients.push_back({.application = "walreceiver",
                             .address = "192.0.2.9",
                             .slot = "s1",
                             .state = "streaming",
                             .sync = "async",
                             .replayed = 1000});
  look();
  CHECK(member("walreceiver@192.0.2.9").attached == true);
  auto odd = a->says.clients;
  auto& fresh = add("b", true);
  follow(fresh, *a);
  fresh.says.receiver->slot = "s1";
  a->says.clients = odd;
  look();
  CHECK(member("b").attached == true);
  CHECK(member("walreceiver@192.0.2.9").name.empty());
  leave(fresh);
  a->says.clients.clear();
  look();
  CHECK(member("walreceiver@192.0.2.9").name.empty());
  CHECK(member("b").attached == false);
}

TEST(a standby that knows first that its link is cut is not missed under what its sender calls it) {
  make_pair();
  a->says.clients[0].address = "192.0.2.9";
  look();
  CHECK(member("b").attached == true);
  b->says.receiver.reset();
  look();
  a->says.clients.clear();
  look();
  CHECK(member("b@192.0.2.9").name.empty());
  CHECK(member("b").attached == false);
}

TEST(while nobody takes writes nobody who is not watched is missed) {
  a = &add("a");
  a->says.clients.push_back({.application = "far",
                             .address = {},
                             .slot = {},
                             .state = "streaming",
                             .sync = "async",
                             .replayed = 900});
  look();
  a->up = false;
  look();
  CHECK_EQUAL(member("far").name, "far");
  CHECK(!member("far").attached);
}

TEST(a server of two backends is one member) {
  make_pair();
  auto& again = add("a2");
  again.identity = a->identity;
  again.says.clients = a->says.clients;
  again.says.reached_at = a->says.reached_at;
  look();
  CHECK_EQUAL(model.view()->members.size(), 2u);
  CHECK_EQUAL(model.view()->writable, 1u);
  CHECK(member("a").entries == (std::vector<std::string>{"a", "a2"}));
  // Its other session is not back yet after a restart.
  a->identity.started += 5;
  again.up = false;
  look();
  CHECK_EQUAL(model.view()->members.size(), 2u);
}

TEST(two servers behind one address are two) {
  make_pair();
  auto& again = add("a2", true);
  again.says.reached_at = a->says.reached_at;
  look();
  CHECK_EQUAL(model.view()->members.size(), 3u);
}

TEST(a cluster has the name and the labels that all of it share) {
  make_pair();
  a->value.labels = {{"dc", "x"}, {"rack", "1"}};
  b->value.labels = {{"dc", "x"}, {"rack", "2"}};
  a->identity.cluster_name = "main";
  look();
  CHECK_EQUAL(model.view()->name, "main");
  CHECK(model.view()->labels == (label_list{{"dc", "x"}}));
  b->identity.cluster_name = "other";
  look();
  CHECK_EQUAL(model.view()->name, "");
}

FIXTURE_SCOPE_END()
