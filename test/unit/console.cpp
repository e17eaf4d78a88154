// The CONSOLE's sessions over a real socket, with actors that answer as the test wants.
#define SUITE console

#include "actors/console/console.hpp"

#include "test/unit/actor_test.hpp"

#include "actors/console/unix_socket.hpp"

#include <caf/io/middleman.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <array>
#include <filesystem>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

/// Answers every order, but never says how it is.
scheduler_actor::behavior_type stuck_scheduler(scheduler_actor::pointer self) {
  return {
    [](const backend_added&) {},
    [](const backend_removed&) {},
    [](const backend_changed&) {},
    [](const backend_ready&) {},
    [](caf::open_atom) {},
    [](const reconfigured&) {},
    [](const poll_order& x) -> caf::result<poll_report> {
      return caf::make_error(ec::no_such_backend, "no backend is called " + x.backend);
    },
    [](const pause_order& x) { return x.backend.empty() ? uint64_t{7} : uint64_t{1}; },
    [](const resume_order&) { return uint64_t{1}; },
    [self](caf::get_atom) -> caf::result<scheduler_status> {
      return self->make_response_promise<scheduler_status>();
    },
    [](caf::ping_atom) {},
    [](caf::tick_atom, uint64_t) {},
    [](caf::pending_atom, uint64_t) {},
    [](caf::reset_atom, incarnation) {},
    [](caf::close_atom) { return caf::ok_atom_v; },
    [](caf::timeout_atom) {},
  };
}

discovery_actor::behavior_type one_source() {
  return {
    [](const std::string&, const backend_list&) {},
    [](const reconfigured&) {},
    [](caf::get_atom) {
      discovery_status x;
      x.sources.resize(1);
      x.sources[0].name = "east";
      return x;
    },
    [](caf::reset_atom, const std::string&) {},
  };
}

struct io_config : test::config {
  io_config() { load<caf::io::middleman>(); }
};

/// A client that sends and reads, and waits ten seconds at most.
class client {
public:
  explicit client(const std::string& path) : fd_{socket(AF_UNIX, SOCK_STREAM, 0)} {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    timeval limit{10, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    CAF_REQUIRE(connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  }
  client(const client&) = delete;
  client& operator=(const client&) = delete;
  ~client() { close(fd_); }

  void send(const std::string& text) {
    CAF_REQUIRE(::send(fd_, text.data(), text.size(), MSG_NOSIGNAL)
                == static_cast<ssize_t>(text.size()));
  }

  /// Until the text ends with `end`, or the session does.
  std::string read_to(std::string_view end) {
    std::string result;
    std::array<char, 4096> chunk{};
    while (end.empty() || !result.ends_with(end)) {
      auto n = recv(fd_, chunk.data(), chunk.size(), 0);
      if (n <= 0)
        break;
      result.append(chunk.data(), static_cast<size_t>(n));
    }
    return result;
  }

private:
  int fd_;
};

struct fixture {
  fixture() {
    auto socket = listen_at(path);
    CAF_REQUIRE(socket);
    auto queries = std::make_shared<const catalogue>(std::vector<query_definition>{});
    console_sources sources{configuration.actors, std::make_shared<snapshot_cell>(),
                            [queries] { return queries; },
                            std::make_shared<heartbeat>(std::chrono::steady_clock::now())};
    aut = system.middleman().spawn_broker(
      console, console_arguments{*socket, sources, scheduler, discovery});
  }

  ~fixture() {
    caf::scoped_actor self{system};
    self->request(aut, caf::infinite, caf::close_atom_v)
      .receive([](caf::ok_atom) {}, [](const caf::error& x) { CAF_FAIL(caf::to_string(x)); });
    caf::anon_send_exit(aut, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(scheduler, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(discovery, caf::exit_reason::user_shutdown);
    std::filesystem::remove(path);
  }

  std::string path = "/tmp/pgstatsmon-unit-" + std::to_string(getpid()) + ".sock";
  io_config configuration;
  caf::actor_system system{configuration};
  scheduler_actor scheduler = system.spawn(stuck_scheduler);
  discovery_actor discovery = system.spawn(one_source);
  console_actor aut;
};

} // namespace

FIXTURE_SCOPE(console_tests, fixture)

TEST(an actor that does not answer is said to be stuck) {
  client x{path};
  x.send("scheduler\n");
  CHECK_EQUAL(x.read_to("\n"), "error: no answer in time: the actor is stuck, see 'actors'\n");
}

TEST(answers come in the order of the lines) {
  client x{path};
  x.send("frames\npause --all\npause db1 --json\nnothing\n\n  \npoll nobody\n");
  CHECK_EQUAL(x.read_to("nobody\n\x04"
                        "error\n"),
              "\x04ok\n"
              "paused  7\n\x04ok\n"
              "{\"paused\":1}\n\x04ok\n"
              "error: unknown command 'nothing'; 'help' lists them\n\x04"
              "error\n"
              "error: no backend is called nobody\n\x04"
              "error\n");
}

TEST(a session ends with quit and others go on) {
  client stays{path};
  for (int i = 0; i < 20; ++i) {
    client x{path};
    x.send("quit\n");
    CHECK_EQUAL(x.read_to({}), "");
  }
  stays.send("discovery --json\n");
  CHECK(stays.read_to("\n").find("\"east\"") != std::string::npos);
}

TEST(a line that is too long ends its session) {
  client x{path};
  x.send(std::string(5000, 'x'));
  CHECK_EQUAL(x.read_to({}), "error: the line is too long\n");
}

TEST(the socket is for its owner and its group) {
  struct stat info {};
  REQUIRE(stat(path.c_str(), &info) == 0);
  CHECK_EQUAL(info.st_mode & 0777U, 0660U);
  CHECK(!listen_at(path));
}

TEST(whatever its clients have not said or taken it ends and frees them) {
  std::vector<std::unique_ptr<client>> clients;
  for (size_t i = 0; i < console_state::max_sessions; ++i) {
    clients.push_back(std::make_unique<client>(path));
    clients.back()->send(std::string(i * 4000, '\n') + "help\nwatch actors\n");
  }
  // The fixture's end waits for it, and LeakSanitizer looks at what is left.
}

FIXTURE_SCOPE_END()
