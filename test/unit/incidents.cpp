// When a wait for a lock or a transaction lasts too long, and what is said of it.
#define SUITE incidents

#include "actors/backend/incidents.hpp"

#include "test/unit/test.hpp"

#include "actors/backend/incident_text.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

using namespace pgstatsmon;

namespace {

using kind = incident::kind;

struct fixture {
  /// A poll that sees these; -1: it did not ask.
  std::vector<incident> poll(double waiting, double oldest = -1) {
    vital_reading said;
    auto set = [&](vital_sign x, double value) {
      if (value < 0)
        return;
      said.values[x] = value;
      said.fresh |= 1U << index_of(x);
    };
    set(vital_sign::sessions_waiting, waiting);
    set(vital_sign::oldest_transaction, oldest);
    return all.polled(said, now, most);
  }

  std::optional<incident> see_locks(double waits) {
    look_answers seen;
    lock_session holder;
    holder.pid = 1;
    holder.waits = 9999; // of who waits for nobody it means nothing
    lock_session waiter;
    waiter.pid = 2;
    waiter.blockers = {1};
    waiter.waits = waits;
    seen.locks = {holder, waiter};
    return all.looked(look::locks, seen, now, most);
  }

  std::optional<incident> see_transaction(double seconds) {
    look_answers seen;
    holder x;
    x.what = "longest transaction";
    x.who = "7";
    x.seconds = seconds;
    seen.holders = {x};
    return all.looked(look::holders, seen, now, most);
  }

  incidents all;
  incident_limits most{10, 300};
  double now = 1'000'000;
};

} // namespace

FIXTURE_SCOPE(incident_tests, fixture)

TEST(nobody looks while nothing waits) {
  CHECK(poll(0, 0).empty());
  CHECK(!all.wants(look::locks));
  CHECK(!all.wants(look::holders));
  // One poll that sees somebody wait is nothing either.
  CHECK(poll(3).empty());
  CHECK(!all.wants(look::locks));
  CHECK(poll(0).empty());
  CHECK(poll(3).empty());
  CHECK(!all.wants(look::locks));
}

TEST(a wait begins once and ends once) {
  poll(1);
  now += 5;
  poll(1);
  REQUIRE(all.wants(look::locks));
  CHECK(!see_locks(8));
  now += 5;
  CHECK(poll(1).empty());
  REQUIRE(all.wants(look::locks));
  auto began = see_locks(13);
  REQUIRE(began.has_value());
  CHECK(began->what == kind::blocking);
  CHECK(!began->over);
  CHECK_EQUAL(began->since, now - 13);
  CHECK(!all.wants(look::locks));
  now += 5;
  CHECK(poll(2).empty());
  CHECK(!all.wants(look::locks));
  now += 5;
  auto ended = poll(0);
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].over);
  CHECK_EQUAL(ended[0].lasted, 23);
  CHECK(poll(0).empty());
}

TEST(others that wait for a moment do not keep a wait going) {
  poll(1);
  poll(1);
  REQUIRE(see_locks(20).has_value());
  now += incidents::look_again - 1;
  poll(1);
  CHECK(!all.wants(look::locks));
  now += 1;
  poll(1);
  REQUIRE(all.wants(look::locks));
  auto ended = see_locks(0.1);
  REQUIRE(ended.has_value());
  CHECK(ended->over);
  CHECK_EQUAL(ended->lasted, 20 + incidents::look_again);
}

TEST(a poll that did not ask changes nothing) {
  poll(1);
  poll(1);
  REQUIRE(see_locks(20).has_value());
  CHECK(poll(-1).empty());
  CHECK_EQUAL(poll(0).size(), 1u);
}

TEST(a transaction begins once and ends once) {
  CHECK(poll(0, 299).empty());
  CHECK(!all.wants(look::holders));
  now += 10;
  CHECK(poll(0, 309).empty());
  REQUIRE(all.wants(look::holders));
  auto began = see_transaction(310);
  REQUIRE(began.has_value());
  CHECK(began->what == kind::transaction);
  CHECK_EQUAL(began->since, now - 310);
  now += 10;
  CHECK(poll(0, 319.5).empty());
  CHECK(!all.wants(look::holders));
  now += 10;
  auto ended = poll(0, 1);
  REQUIRE(ended.size() == 1);
  CHECK_EQUAL(ended[0].lasted, 330);
}

TEST(the next oldest one is another transaction) {
  poll(0, 400);
  REQUIRE(see_transaction(400).has_value());
  now += 10;
  auto ended = poll(0, 350);
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].over);
  CHECK(all.wants(look::holders));
  CHECK(see_transaction(350).has_value());
}

TEST(what is no session of a client is looked for once) {
  poll(0, 400);
  CHECK(all.wants(look::holders));
  CHECK(!see_transaction(2));
  now += 10;
  poll(0, 410);
  CHECK(!all.wants(look::holders));
}

TEST(a tree is told) {
  look_answers seen;
  lock_session first;
  first.pid = 11;
  first.state = "idle in transaction";
  lock_session second;
  second.pid = 12;
  second.blockers = {11};
  second.waits = 12.34;
  second.lock = "public.t ExclusiveLock";
  second.application = "\"<\xff";
  seen.locks = {second, first};
  auto text = describe({kind::blocking, false, 5, 12.34}, &seen);
  CHECK(text.event == log_event::blocking);
  CHECK_EQUAL(text.sentence, "1 session waits for a lock, for 12 s, behind pid 11");
  REQUIRE(text.details.starts_with(','));
  auto said = nlohmann::json::parse('{' + text.details.substr(1) + '}');
  CHECK_EQUAL(said["waiting"], 1);
  CHECK_EQUAL(said["depth"], 1);
  CHECK_EQUAL(said["tree"].size(), 2u);
  CHECK_EQUAL(said["tree"][0]["pid"], 11);
  CHECK_EQUAL(said["tree"][0]["behind"], 1);
  CHECK_EQUAL(said["tree"][1]["waits_seconds"], 12.3);
  CHECK_EQUAL(said["tree"][1]["lock"], "public.t ExclusiveLock");
  CHECK(!said["tree"][1].contains("statement"));
}

TEST(a tree is no longer than an event may be) {
  look_answers seen;
  for (int64_t i = 1; i <= 100; ++i) {
    lock_session x;
    x.pid = i;
    x.blockers = {i - 1};
    x.application = std::string(64, 'x');
    seen.locks.push_back(x);
  }
  auto text = describe({kind::blocking, false, 5, 12}, &seen);
  auto said = nlohmann::json::parse('{' + text.details.substr(1) + '}');
  CHECK_EQUAL(said["tree"].size(), max_tree_lines);
  CHECK_EQUAL(said["waiting"], 100);
}

TEST(a transaction is told with its session) {
  look_answers seen;
  holder x;
  x.what = "longest transaction";
  x.who = "77";
  x.role = "app";
  x.state = "idle in transaction";
  seen.holders = {x};
  auto text = describe({kind::transaction, false, 5, 301}, &seen);
  CHECK(text.event == log_event::long_transaction);
  CHECK_EQUAL(text.sentence, "a transaction is open for 301 s: pid 77, state idle in transaction, "
                             "role app");
  CHECK_EQUAL(text.details,
              R"(,"seconds":301.0,"pid":77,"state":"idle in transaction","role":"app")");
  auto end = describe({kind::transaction, true, 5, 400}, nullptr);
  CHECK(end.event == log_event::long_transaction_over);
  CHECK_EQUAL(end.details, R"(,"seconds":400.0)");
}

TEST(a setting is told with its name) {
  auto text = describe(setting_change{.name = "work_mem", .from = "4096kB", .to = "8192kB"});
  CHECK(text.event == log_event::setting_changed);
  CHECK_EQUAL(text.sentence, "setting work_mem is '8192kB', was '4096kB'");
  CHECK_EQUAL(text.details, R"(,"setting":"work_mem")");
  text = describe(setting_change{.name = "a", .hidden = true, .from = "", .to = ""});
  CHECK_EQUAL(text.sentence, "setting a has changed");
  text = describe(setting_change{.name = "a", .pending = true, .from = "1", .to = ""});
  CHECK(text.event == log_event::setting_pending);
  CHECK_EQUAL(text.sentence, "setting a was changed and waits for a restart, it still is '1'");
}

FIXTURE_SCOPE_END()
