// What is remembered of one backend.
#define SUITE backend_history

#include "actors/registry/backend_history.hpp"

#include "test/unit/test.hpp"

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

constexpr backend_history::time_point start{1h};

} // namespace

TEST(the time in each state adds up) {
  backend_history history;
  CHECK(history.since() == backend_history::time_point{});
  history.enter(backend_state::connecting, start);
  history.enter(backend_state::ready, start + 2s);
  history.enter(backend_state::polling, start + 5s);
  history.enter(backend_state::ready, start + 6s);
  auto now = start + 10s;
  CHECK_EQUAL(history.spent(backend_state::connecting, now), caf::timespan{2s});
  CHECK_EQUAL(history.spent(backend_state::ready, now), caf::timespan{7s});
  CHECK_EQUAL(history.spent(backend_state::polling, now), caf::timespan{1s});
  CHECK_EQUAL(history.spent(backend_state::backoff, now), caf::timespan{0s});
  CHECK(history.since() == start + 6s);
}

TEST(entering the state that it is in changes nothing) {
  backend_history history;
  history.enter(backend_state::connecting, start);
  history.enter(backend_state::connecting, start + 3s);
  CHECK(history.since() == start);
  CHECK_EQUAL(history.spent(backend_state::connecting, start + 4s), caf::timespan{4s});
}

TEST(the newest errors are kept and the newest comes first) {
  backend_history history;
  CHECK(history.errors()->empty());
  for (size_t i = 0; i < backend_history::max_errors + 3; ++i)
    history.add_error({static_cast<double>(i), failure::refused, {}, "connection", "no"});
  auto errors = history.errors();
  REQUIRE(errors->size() == backend_history::max_errors);
  CHECK_EQUAL(errors->front().when, 12.0);
  CHECK_EQUAL(errors->back().when, 3.0);
}
