// REACTORs with real threads, sockets and time, and with what can't be watched.
#define SUITE reactor

#include "test/unit/actor_test.hpp"

#include "actors/reactor/reactor_pool.hpp"

#include <array>
#include <future>
#include <map>
#include <set>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

struct config : test::config {
  config() {
    set("scheduler.max-threads", size_t{3});
    load<reactor_pool>();
  }
};

/// What happened on other threads, in order; the test waits for it.
template <class T>
class record {
public:
  void add(T x) {
    std::lock_guard guard{mutex_};
    all_.push_back(std::move(x));
    more_.notify_all();
  }

  std::vector<T> wait_for(size_t count) {
    std::unique_lock guard{mutex_};
    more_.wait_for(guard, 30s, [&] { return all_.size() >= count; });
    return all_;
  }

private:
  std::mutex mutex_;
  std::condition_variable more_;
  std::vector<T> all_;
};

using numbered = caf::typed_actor<caf::reacts_to<caf::tick_atom, uint64_t>>;

struct homed_state {
  static constexpr const char* name = "homed";
  explicit homed_state(numbered::pointer) {}
};

struct fixture {
  fixture() {
    user = system.spawn([to = told](caf::event_based_actor*) -> caf::behavior {
      return {[to](const socket_ready& x) { to->add(x); }};
    });
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets.data()) == 0);
  }

  ~fixture() {
    close(sockets[0]);
    close(sockets[1]);
    caf::anon_send_exit(user, caf::exit_reason::user_shutdown);
  }

  void watch(int descriptor, uint32_t events, uint64_t number = 7) {
    all.watch(descriptor, events, caf::actor_cast<socket_user>(user), number);
  }

  /// An actor for `of` that writes down the thread of each message.
  numbered spawn_for(const std::string& of) {
    return system.spawn(
      [of, to = threads](observed_ptr<numbered, homed_state> self) -> numbered::behavior_type {
        self->is_for(of);
        return {[of, to](caf::tick_atom, uint64_t) { to->add({of, std::this_thread::get_id()}); }};
      });
  }

  config configuration;
  caf::actor_system system{configuration};
  reactor_pool& all = *reactor_pool::of(system);
  std::shared_ptr<record<socket_ready>> told = std::make_shared<record<socket_ready>>();
  std::shared_ptr<record<std::pair<std::string, std::thread::id>>> threads =
    std::make_shared<record<std::pair<std::string, std::thread::id>>>();
  caf::actor user;
  std::array<int, 2> sockets{};
};

} // namespace

FIXTURE_SCOPE(reactor_tests, fixture)

TEST(a socket that is ready is told once with its number) {
  REQUIRE(write(sockets[1], "x", 1) == 1);
  watch(sockets[0], EPOLLIN);
  auto said = told->wait_for(1);
  REQUIRE(said.size() == 1);
  CHECK_EQUAL(said[0].watch, 7u);
  CHECK(said[0].events & EPOLLIN);
  // What it said first was not read, and nobody asked again.
  watch(sockets[1], EPOLLOUT, 8);
  said = told->wait_for(2);
  REQUIRE(said.size() == 2);
  CHECK_EQUAL(said[1].watch, 8u);
}

TEST(a socket is watched again and again) {
  for (uint64_t i = 0; i < 100; ++i) {
    watch(sockets[0], EPOLLIN, i);
    REQUIRE(write(sockets[1], "x", 1) == 1);
    auto said = told->wait_for(i + 1);
    REQUIRE(said.size() == i + 1);
    CHECK_EQUAL(said.back().watch, i);
    char read_back = 0;
    REQUIRE(read(sockets[0], &read_back, 1) == 1);
  }
}

TEST(what is wanted may change) {
  watch(sockets[0], EPOLLIN, 1);
  watch(sockets[0], EPOLLIN | EPOLLOUT, 2);
  auto said = told->wait_for(1);
  REQUIRE(said.size() == 1);
  CHECK_EQUAL(said[0].watch, 2u);
  watch(sockets[0], EPOLLIN, 3);
  REQUIRE(write(sockets[1], "x", 1) == 1);
  said = told->wait_for(2);
  REQUIRE(said.size() == 2);
  CHECK_EQUAL(said[1].watch, 3u);
  CHECK((said[1].events & EPOLLIN) != 0);
}

TEST(another socket of the same number is watched anew) {
  auto number = dup(sockets[0]);
  watch(number, EPOLLIN, 1);
  close(number);
  REQUIRE(dup2(sockets[1], number) == number);
  all.watch_anew(number, EPOLLOUT, caf::actor_cast<socket_user>(user), 2);
  auto said = told->wait_for(1);
  REQUIRE(said.size() == 1);
  CHECK_EQUAL(said[0].watch, 2u);
  all.forget(number);
  close(number);
}

TEST(what the system can not watch is told at once) {
  auto file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  REQUIRE(file >= 0);
  watch(file, EPOLLIN);
  CHECK_EQUAL(told->wait_for(1), std::vector{(socket_ready{7, 0})});
  close(file);
}

TEST(a descriptor that is closed is told at once) {
  auto gone = dup(sockets[0]);
  close(gone);
  watch(gone, EPOLLIN);
  CHECK_EQUAL(told->wait_for(1), std::vector{(socket_ready{7, 0})});
}

TEST(all actors for one backend run on one thread) {
  constexpr size_t names = 20;
  constexpr size_t rounds = 50;
  std::vector<numbered> actors;
  for (size_t i = 0; i < 2 * names; ++i)
    actors.push_back(spawn_for("backend " + std::to_string(i % names)));
  // The first message may meet an actor that has not begun.
  for (const auto& x : actors)
    caf::anon_send(x, caf::tick_atom_v, uint64_t{0});
  auto first = threads->wait_for(actors.size()).size();
  for (size_t i = 0; i < rounds; ++i)
    for (const auto& x : actors)
      caf::anon_send(x, caf::tick_atom_v, uint64_t{i});
  auto ran = threads->wait_for((rounds + 1) * actors.size());
  CHECK_EQUAL(ran.size(), (rounds + 1) * actors.size());
  std::map<std::string, std::set<std::thread::id>> by_name;
  std::set<std::thread::id> used;
  for (auto i = first; i < ran.size(); ++i) {
    by_name[ran[i].first].insert(ran[i].second);
    used.insert(ran[i].second);
  }
  CHECK_EQUAL(by_name.size(), names);
  for (const auto& [name, on] : by_name)
    CHECK_EQUAL(on.size(), 1u);
  CHECK_EQUAL(used.size(), 3u);
  for (const auto& x : actors)
    caf::anon_send_exit(x, caf::exit_reason::user_shutdown);
}

TEST(delayed messages come in the order of their times) {
  auto order = std::make_shared<record<uint64_t>>();
  auto late = system.spawn([order](caf::event_based_actor* self) -> caf::behavior {
    for (uint64_t ms : {30u, 10u, 20u, 1u})
      self->delayed_send(self, std::chrono::milliseconds{ms}, ms);
    return {[order](uint64_t x) { order->add(x); }};
  });
  CHECK_EQUAL(order->wait_for(4), (std::vector<uint64_t>{1, 10, 20, 30}));
  caf::anon_send_exit(late, caf::exit_reason::user_shutdown);
}

TEST(a timer of a thread that is no REACTOR wakes one up) {
  caf::scoped_actor here{system};
  here->delayed_send(here, 5ms, uint64_t{1});
  auto came = false;
  here->receive([&](uint64_t) { came = true; }, caf::after(30s) >> [] { /* too late */ });
  CHECK(came);
}

TEST(a request times out or is answered) {
  auto silent = system.spawn([](caf::event_based_actor* self) -> caf::behavior {
    auto kept = std::make_shared<std::vector<caf::response_promise>>();
    return {[=](caf::ok_atom) { kept->push_back(self->make_response_promise()); },
            [](caf::tick_atom) { return caf::ok_atom_v; }};
  });
  auto ends = std::make_shared<record<std::string>>();
  auto asks = system.spawn([=](caf::event_based_actor* self) -> caf::behavior {
    self->request(silent, 20ms, caf::ok_atom_v)
      .then([=] { ends->add("answer"); }, [=](const caf::error&) { ends->add("timeout"); });
    self->request(silent, 10s, caf::tick_atom_v)
      .then([=](caf::ok_atom) { ends->add("answer"); },
            [=](const caf::error&) { ends->add("timeout"); });
    return {[](uint64_t) {}};
  });
  CHECK_EQUAL(ends->wait_for(2), (std::vector<std::string>{"answer", "timeout"}));
  caf::anon_send_exit(silent, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(asks, caf::exit_reason::user_shutdown);
}

TEST(a system ends with timers that nobody waits for) {
  caf::scoped_actor here{system};
  auto sleeper = system.spawn([](caf::event_based_actor* self) -> caf::behavior {
    self->delayed_send(self, 1h, uint64_t{1});
    return {[](uint64_t) {}};
  });
  here->send_exit(sleeper, caf::exit_reason::user_shutdown);
  here->wait_for(sleeper);
}

FIXTURE_SCOPE_END()
