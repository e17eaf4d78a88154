// Who follows whom.
#define SUITE attachment

#include "actors/fleet/attachment.hpp"

#include "test/unit/fleet_fixture.hpp"
#include "test/unit/test.hpp"

using namespace pgstatsmon;

namespace {

struct fixture : test::fleet_fixture {
  attachments look() {
    all = servers_of(seen());
    return attach(all);
  }

  std::vector<seen_server> all;
};

} // namespace

FIXTURE_SCOPE(attachment_tests, fixture)

TEST(a primary with two standbys and one behind a standby) {
  auto& a = add("a");
  auto& b = add("b", true);
  auto& c = add("c", true);
  auto& d = add("d", true);
  follow(b, a);
  follow(c, a);
  follow(d, c);
  auto x = look();
  CHECK(!x.of[0].upstream);
  CHECK(x.of[1].upstream == 0u);
  CHECK(x.of[2].upstream == 0u);
  CHECK(x.of[3].upstream == 2u);
  CHECK(x.of[1].client == (client_place{0, 0}));
  CHECK(x.of[3].receives);
  CHECK(x.unwatched.empty());
}

TEST(a sender is found by what it calls itself unless several call themselves so) {
  auto& a = add("a");
  auto& b = add("b", true);
  follow(b, a);
  b.says.receiver->host = a.identity.address;
  a.says.reached_at = "192.168.1.1";
  CHECK(look().of[1].upstream == 0u);
  auto& c = add("c");
  c.identity.address = a.identity.address;
  // Its sender tells.
  CHECK(look().of[1].upstream == 0u);
  a.says.clients.clear();
  CHECK(!look().of[1].upstream);
}

TEST(a standby that sees no receiver is found by its sender) {
  auto& a = add("a");
  auto& b = add("b", true);
  follow(b, a);
  b.says.receiver = wal_receiver{};
  auto x = look();
  CHECK(x.of[1].upstream == 0u);
  CHECK(x.of[1].receives);
}

TEST(a standby that is down is found by its sender) {
  auto& a = add("a");
  auto& b = add("b", true);
  follow(b, a);
  look();
  b.up = false;
  auto x = look();
  CHECK(x.of[1].client.has_value());
  CHECK(x.unwatched.empty());
}

TEST(of two clients of one name each is joined with its address or slot) {
  auto& a = add("a");
  auto& b = add("b", true);
  auto& c = add("c", true);
  follow(b, a);
  follow(c, a);
  for (auto* x : {&b, &c})
    x->says.receiver->application = "walreceiver";
  for (auto& x : a.says.clients)
    x.application = "walreceiver";
  auto x = look();
  CHECK(x.of[1].client == (client_place{0, 0}));
  CHECK(x.of[2].client == (client_place{0, 1}));
  // Through a proxy all have one address.
  for (auto& y : a.says.clients)
    y.address = "10.9.9.9";
  b.says.receiver->slot = "slot_b";
  a.says.clients[1].slot = "slot_b";
  x = look();
  CHECK(x.of[1].client == (client_place{0, 1}));
  CHECK(x.of[2].client == (client_place{0, 0}));
}

TEST(a client that is no server is unwatched if it replays) {
  auto& a = add("a");
  add("b", true);
  a.says.clients = {{.application = "backup",
                     .address = "10.1.1.1",
                     .slot = {},
                     .state = "streaming",
                     .sync = "async",
                     .replayed = {}},
                    {.application = "far",
                     .address = "10.1.1.2",
                     .slot = {},
                     .state = "streaming",
                     .sync = "async",
                     .replayed = 900}};
  auto x = look();
  CHECK(!x.of[1].upstream);
  CHECK(x.unwatched == (std::vector<client_place>{{0, 1}}));
}

TEST(a receiver that hears nothing does not receive) {
  auto& a = add("a");
  auto& b = add("b", true);
  follow(b, a);
  b.says.receiver->message_age = 1000;
  CHECK(!look().of[1].receives);
  b.says.receiver->message_age = 0;
  b.says.receiver->status = "waiting";
  CHECK(!look().of[1].receives);
}

TEST(a sender that is not watched has an address) {
  auto& b = add("b", true);
  b.says.receiver = wal_receiver{.status = "streaming",
                                 .host = "10.7.7.7",
                                 .port = 5433,
                                 .slot = {},
                                 .application = {},
                                 .timeline = 1};
  auto x = look();
  CHECK(!x.of[0].upstream);
  CHECK_EQUAL(x.of[0].upstream_address, "10.7.7.7:5433");
  b.says.receiver->host = "::1";
  x = look();
  CHECK_EQUAL(x.of[0].upstream_address, "[::1]:5433");
}

TEST(a promoted standby is no client any more) {
  auto& a = add("a");
  auto& b = add("b", true);
  follow(b, a);
  b.says.standby = false;
  b.says.receiver.reset();
  CHECK(!look().of[1].upstream);
}

TEST(a standby is believed that it follows another) {
  auto& a = add("a");
  auto& b = add("b", true);
  auto& c = add("c", true);
  follow(c, a);
  follow(b, a);
  // A moment later, when a has not been asked again.
  b.says.receiver->host = c.value.address;
  auto x = look();
  CHECK(x.of[1].upstream == 2u);
  CHECK(!x.of[1].client);
}

TEST(a standby is believed that it has no receiver) {
  auto& a = add("a");
  auto& b = add("b", true);
  follow(b, a);
  b.says.receiver.reset();
  CHECK(!look().of[1].upstream);
}

TEST(that two have no name is no sign) {
  auto& a = add("a");
  auto& b = add("b", true);
  follow(b, a);
  b.says.receiver = wal_receiver{};
  a.says.clients[0].application = "walreceiver";
  a.says.clients[0].address.clear();
  auto x = look();
  CHECK(!x.of[1].upstream);
  CHECK_EQUAL(x.unwatched.size(), 1u);
}

FIXTURE_SCOPE_END()
