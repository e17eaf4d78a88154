// The REGISTRY: what is on the page, and since when it no longer is.
#define SUITE registry
#include "actors/registry/registry.hpp"

#include "test/unit/actor_test.hpp"

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

caf::behavior sender() {
  return {[](int) {}};
}

struct fixture : test::actor_system {
  fixture() {
    aut = sys.spawn(registry, cell, caf::timespan{60s});
    query = sys.spawn(sender);
    sched.run();
  }

  ~fixture() { stop(aut, query); }

  void know(incarnation life, std::string name) {
    backend x;
    x.name = std::move(name);
    caf::anon_send(aut, backend_known{x, life, std::make_shared<backend_metrics>(queries)});
    sched.run();
  }

  void forget(incarnation life) {
    caf::anon_send(aut, backend_forgotten{life});
    sched.run();
  }

  block_ptr samples(incarnation life) { return samples(life, query); }

  block_ptr samples(incarnation life, const caf::actor& from) {
    auto result = std::make_shared<const block>(queries, std::vector<section_ptr>{});
    backend_samples fresh{life, result};
    fresh.vitals.when = sched.clock().now();
    caf::send_as(from, aut, std::move(fresh));
    sched.run();
    return result;
  }

  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const auto& x : *cell->get())
      result.push_back(x->value.name);
    return result;
  }

  block_ptr shown(size_t i = 0) const { return cell->get()->at(i)->samples.load(); }

  void pass(caf::timespan x) {
    for (; x > 0s; x -= 1s) {
      advance_time(1s);
      sched.run();
    }
  }

  catalogue_ptr queries = std::make_shared<const catalogue>(std::vector<query_definition>(1));
  std::shared_ptr<snapshot_cell> cell = std::make_shared<snapshot_cell>();
  registry_actor aut;
  caf::actor query;
};

} // namespace

FIXTURE_SCOPE(registry_tests, fixture)

TEST(backends appear in the order of discovery and go) {
  CHECK(names().empty());
  know(1, "a");
  know(2, "b");
  know(3, "c");
  CHECK_EQUAL(names(), (std::vector<std::string>{"a", "b", "c"}));
  forget(2);
  CHECK_EQUAL(names(), (std::vector<std::string>{"a", "c"}));
  forget(2);
  forget(99);
  CHECK_EQUAL(names(), (std::vector<std::string>{"a", "c"}));
}

TEST(a life that is known twice is one) {
  know(1, "a");
  auto x = samples(1);
  know(1, "a");
  CHECK_EQUAL(names().size(), 1u);
  CHECK_EQUAL(shown(), x);
}

TEST(a backend that is described otherwise keeps its data) {
  know(1, "a");
  auto x = samples(1);
  auto old = cell->get();
  backend other;
  other.name = "a";
  other.labels = {{"zone", "b"}};
  caf::anon_send(aut, backend_known{other, 1, old->front()->metrics});
  sched.run();
  REQUIRE(names().size() == 1);
  const auto& now = *cell->get()->front();
  CHECK_EQUAL(now.suffix, ",zone=\"b\"");
  CHECK(now.answered);
  CHECK_EQUAL(shown(), x);
  CHECK_EQUAL(old->front()->suffix, "");
  auto y = samples(1);
  CHECK_EQUAL(shown(), y);
}

TEST(a snapshot that was taken stays as it was) {
  know(1, "a");
  auto old = cell->get();
  know(2, "b");
  forget(1);
  CHECK_EQUAL(old->size(), 1u);
  CHECK_EQUAL(old->front()->value.name, "a");
}

TEST(the newest block is shown) {
  know(1, "a");
  CHECK(!shown());
  samples(1);
  auto second = samples(1);
  CHECK_EQUAL(shown(), second);
}

TEST(a backend has answered once there was a block) {
  know(1, "a");
  CHECK(!cell->get()->front()->answered);
  samples(1);
  CHECK(cell->get()->front()->answered);
}

TEST(vital signs are remembered from the first block on) {
  know(1, "a");
  // To where a point begins.
  auto now = std::chrono::floor<std::chrono::seconds>(sched.clock().now().time_since_epoch());
  pass(vital_history::step - now % vital_history::step);
  auto& metrics = *cell->get()->front()->metrics;
  CHECK(metrics.vitals.get() == nullptr);
  samples(1);
  REQUIRE(metrics.vitals.get() != nullptr);
  CHECK(std::isnan(metrics.vitals.get()->hour(sched.clock().now()).points.back().up));
  metrics.up = true;
  pass(1s);
  metrics.up = false;
  pass(1s);
  auto hour = metrics.vitals.get()->hour(sched.clock().now());
  REQUIRE(hour.points.size() == 1u);
  CHECK_EQUAL(hour.points[0].up, 0.5);
}

TEST(the newest vital signs are those of the newest block) {
  know(1, "a");
  backend_samples x{1, std::make_shared<const block>(queries, std::vector<section_ptr>{})};
  x.vitals.values[vital_sign::lag] = 3;
  x.vitals.when = sched.clock().now();
  caf::send_as(query, aut, x);
  sched.run();
  auto newest = cell->get()->front()->metrics->vitals.get()->newest();
  CHECK_EQUAL(newest.values[vital_sign::lag], 3);
}

TEST(samples of an unknown backend are ignored) {
  samples(1);
  know(1, "a");
  CHECK(!shown());
  forget(1);
  samples(1);
  know(2, "a");
  CHECK(!shown());
}

TEST(a block goes when its QUERY ends) {
  know(1, "a");
  know(2, "b");
  auto other = sys.spawn(sender);
  samples(1);
  auto kept = samples(2, other);
  stop(query);
  CHECK(!shown(0));
  CHECK_EQUAL(shown(1), kept);
  CHECK_EQUAL(names().size(), 2u);
  stop(other);
}

TEST(the end of a former QUERY drops nothing) {
  know(1, "a");
  samples(1);
  auto successor = sys.spawn(sender);
  auto kept = samples(1, successor);
  stop(query);
  CHECK_EQUAL(shown(), kept);
  stop(successor);
  CHECK(!shown());
}

TEST(a CONNECTION that ended before its samples arrived leaves none) {
  know(1, "a");
  auto block_of_the_dead = std::make_shared<const block>(queries, std::vector<section_ptr>{});
  self->send_exit(query, caf::exit_reason::kill);
  sched.run();
  caf::send_as(query, aut, backend_samples{1, block_of_the_dead});
  sched.run();
  CHECK(!shown());
}

TEST(a block that is stale goes and a new one comes) {
  know(1, "a");
  samples(1);
  pass(60s);
  CHECK(shown() != nullptr);
  pass(2s);
  CHECK(!shown());
  CHECK_EQUAL(names().size(), 1u);
  auto fresh = samples(1);
  pass(30s);
  CHECK_EQUAL(shown(), fresh);
}

TEST(only the REGISTRY and its readers hold a block) {
  know(1, "a");
  std::weak_ptr<const block> watched = samples(1);
  CHECK(!watched.expired());
  samples(1);
  CHECK(watched.expired());
}

TEST(blocks of other databases come and go by name and end with the backend) {
  know(1, "a");
  auto one = samples(1);
  auto tell = [&](const std::string& database, const block_ptr& x) {
    caf::anon_send(aut, database_samples{1, database, x});
    caf::anon_send(aut, database_samples{2, database, x}); // nobody
    sched.run();
  };
  auto databases = [&] { return cell->get()->at(0)->databases.load(); };
  CHECK(databases() == nullptr);
  auto x = std::make_shared<const block>(queries, std::vector<section_ptr>{});
  auto y = std::make_shared<const block>(queries, std::vector<section_ptr>{});
  tell("y", y);
  tell("x", x);
  REQUIRE(databases() != nullptr);
  CHECK(*databases() == (block_list{x, y}));
  tell("x", nullptr);
  CHECK(*databases() == block_list{y});
  pass(61s);
  CHECK(shown() == nullptr);
  CHECK(databases() == nullptr);
}

TEST(thousands that come or go at once are copied once) {
  constexpr incarnation n = 5000;
  for (incarnation life = 1; life <= n; ++life)
    know(life, std::to_string(life));
  CHECK_EQUAL(cell->copied(), 0u);
  auto all = names();
  CHECK_EQUAL(all.size(), n);
  CHECK_EQUAL(all.back(), "5000");
  CHECK_EQUAL(names(), all);
  CHECK_EQUAL(cell->copied(), n);
  for (incarnation life = 1; life < n; ++life)
    forget(life);
  CHECK_EQUAL(names(), std::vector<std::string>{"5000"});
  CHECK_EQUAL(cell->copied(), n + 1);
}

TEST(thousands whose QUERY ends at once lose their blocks and no others) {
  constexpr incarnation n = 1000;
  std::vector<caf::actor> queries_of;
  for (incarnation life = 1; life <= n; ++life) {
    know(life, std::to_string(life));
    queries_of.push_back(sys.spawn(sender));
    samples(life, queries_of.back());
  }
  auto& state = state_of<registry_state>(aut);
  CHECK_EQUAL(state.sources.size(), n);
  for (size_t i = 0; i < n; i += 2)
    self->send_exit(queries_of[i], caf::exit_reason::kill);
  sched.run();
  CHECK_EQUAL(state.sources.size(), n / 2);
  CHECK(!shown(0));
  CHECK(shown(1) != nullptr);
  forget(2);
  CHECK_EQUAL(state.sources.size(), n / 2 - 1);
  for (const auto& x : queries_of)
    stop(x);
  CHECK(state.sources.empty());
}

FIXTURE_SCOPE_END()
