// What a server may send: every bound, and what is given back.
#define SUITE receive_budget

#include "actors/backend/receive_budget.hpp"

#include "test/unit/actor_test.hpp"

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

constexpr receive_limits limits{.query = 1000, .poll = 2500, .fleet = 4000};

struct fixture {
  std::unique_ptr<receive_budget> make() {
    auto result = std::make_unique<receive_budget>(fleet);
    result->limit(limits);
    return result;
  }

  std::shared_ptr<fleet_bytes> fleet = std::make_shared<fleet_bytes>(0);
};

bool names(const std::optional<std::string>& crossed, std::string_view option) {
  return crossed && crossed->find(option) != std::string::npos;
}

} // namespace

FIXTURE_SCOPE(receive_budget_tests, fixture)

TEST(a query has its own bound) {
  auto x = make();
  x->begin_poll();
  CHECK(!x->count(1000, 0s));
  x->begin_query();
  CHECK(!x->count(1000, 0s));
  CHECK(names(x->count(1, 0s), "max_query_bytes"));
}

TEST(a poll has its own bound) {
  auto x = make();
  x->begin_poll();
  CHECK(!x->count(900, 0s));
  x->begin_query();
  CHECK(!x->count(900, 0s));
  x->begin_query();
  CHECK(names(x->count(900, 0s), "max_poll_bytes"));
  x->begin_poll();
  CHECK(!x->count(900, 0s));
}

TEST(all polls together have one and give back what they held) {
  auto x = make();
  auto y = make();
  auto z = make();
  for (auto* one : {x.get(), y.get()}) {
    one->begin_poll();
    for (int i = 0; i < 2; ++i, one->begin_query())
      CHECK(!one->count(1000, 0s));
  }
  z->begin_poll();
  CHECK(names(z->count(500, 0s), "max_fleet_bytes"));
  z->begin_poll();
  CHECK_EQUAL(fleet->load(), 4000u);
  x.reset();
  y->end_poll();
  CHECK(!z->count(500, 0s));
  z.reset();
  CHECK_EQUAL(fleet->load(), 0u);
}

TEST(what comes outside polls has a bound for the life of a session) {
  auto x = make();
  for (uint64_t i = 0; i < receive_budget::chatter_limit / 1024; ++i) {
    CHECK(!x->count(1024, 0s));
    x->begin_poll();
    x->end_poll();
  }
  CHECK(names(x->count(1, 0s), "nobody asked"));
  CHECK_EQUAL(fleet->load(), 0u);
}

TEST(reading may not take long either) {
  auto x = make();
  x->begin_poll();
  CHECK(!x->count(1, 600ms));
  CHECK(names(x->count(1, 600ms), "CPU"));
  x->begin_poll();
  CHECK(!x->count(1, 600ms));
}

FIXTURE_SCOPE_END()
