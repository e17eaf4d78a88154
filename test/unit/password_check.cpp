// Passwords: the header, bcrypt, what is remembered, and the one thread that checks.
#define SUITE password_check
#include "actors/exposition/password_check.hpp"

#include "test/unit/test.hpp"

#include "actors/exposition/access_control.hpp"
#include "actors/exposition/basic_auth.hpp"
#include "actors/exposition/password_memory.hpp"
#include "actors/exposition/rate_limit.hpp"

#include <atomic>
#include <future>
#include <map>

#include <arpa/inet.h>
#include <netinet/in.h>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

// bcrypt of "open sesame".
const std::string quick = "$2b$04$2eb4x9MMjHKXjnkJARl3BOUSOpQfodhy032qNJ5lnFlpNTkEg0.MW";
const std::string usual = "$2b$10$ZEk2E4snOGYwXCNBiEsfxOM08LeT0sqpBpe2.AgUhm8O2qRh7i/7O";

web_door door_with(std::map<std::string, std::string, std::less<>> users) {
  web_config x;
  x.users = std::move(users);
  return web_door{std::move(x)};
}

// alice:open sesame, alice:wrong, bob:open sesame
constexpr std::string_view right = "Basic YWxpY2U6b3BlbiBzZXNhbWU=";
constexpr std::string_view wrong = "Basic YWxpY2U6d3Jvbmc=";
constexpr std::string_view unknown = "Basic Ym9iOm9wZW4gc2VzYW1l";

verdict asked(access_control& x, const web_door& door, std::string_view header) {
  std::promise<verdict> answer;
  x.ask(door, header, "peer", [&](verdict y) { answer.set_value(y); });
  return answer.get_future().get();
}

} // namespace

TEST(the header is read as HTTP says) {
  CHECK((parse_basic_auth("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")
         == basic_credentials{"Aladdin", "open sesame"}));
  CHECK((parse_basic_auth("bAsIc   Og==  ") == basic_credentials{"", ""}));
  CHECK((parse_basic_auth("Basic YTpiOmM=") == basic_credentials{"a", "b:c"}));
  for (const auto* x : {"", "Basic", "Basic ", "Basic YQ==", "Basic YTpi=", "Basic YTp",
                        "Basic Y=pi", "Basic YTpi!", "Bearer YTpi", "BasicYTpi", "Basic ===="})
    CHECK(!parse_basic_auth(x));
}

TEST(a password is the one of its hash) {
  CHECK(is_password("open sesame", quick));
  for (const auto* letters : {"$2a$", "$2y$"})
    CHECK(is_password("open sesame", letters + quick.substr(4)));
  using namespace std::string_view_literals;
  for (auto x : {"open sesam"sv, "open sesame "sv, ""sv, "Open sesame"sv, "open sesame\0"sv})
    CHECK(!is_password(x, quick));
  CHECK(!is_password("open sesame", "nonsense"));
}

TEST(72 bytes of a password count) {
  // bcrypt of 72 times x.
  const std::string hash = "$2b$04$2eb4x9MMjHKXjnkJARl3BOkNdtRuyxafOIlNFhiaFFvsOa.5q2auq";
  CHECK(is_password(std::string(72, 'x'), hash));
  CHECK(is_password(std::string(10'000, 'x'), hash));
  CHECK(!is_password(std::string(71, 'x'), hash));
}

TEST(the memory is bounded and knows no mixtures) {
  password_memory x{2};
  auto a = x.name_of("a", "bc", "d");
  CHECK(a != x.name_of("ab", "c", "d"));
  CHECK(a != x.name_of("a", "b", "cd"));
  CHECK(a != password_memory{}.name_of("a", "bc", "d"));
  CHECK(!x.knows(a));
  x.remember(a);
  x.remember(a);
  CHECK(x.knows(a));
  x.remember(x.name_of("b", "", ""));
  x.remember(x.name_of("c", "", ""));
  CHECK(!x.knows(a));
  CHECK(x.knows(x.name_of("c", "", "")));
}

TEST(a checker answers) {
  password_checker x;
  std::promise<check_result> first, second;
  CHECK(x.submit({"open sesame", quick, "", [&](check_result y) { first.set_value(y); }}));
  CHECK(x.submit({"wrong", quick, "", [&](check_result y) { second.set_value(y); }}));
  CHECK(first.get_future().get() == check_result::right);
  CHECK(second.get_future().get() == check_result::wrong);
}

TEST(a checker has few places for each peer and few in all) {
  std::promise<void> go;
  auto gone = go.get_future().share();
  std::atomic<size_t> dropped = 0;
  password_checker x;
  auto job = [&](std::string peer) {
    return password_job{"x", quick, std::move(peer), [&, gone](check_result y) {
                          gone.wait();
                          dropped += y == check_result::dropped ? 1 : 0;
                        }};
  };
  size_t taken = 0;
  for (size_t i = 0; i < 2 * password_checker::max_waiting_of_peer; ++i)
    taken += x.submit(job("a")) ? 1 : 0;
  CHECK_EQUAL(taken, password_checker::max_waiting_of_peer);
  for (size_t i = 0; i < 2 * password_checker::max_waiting; ++i)
    taken += x.submit(job(std::to_string(i))) ? 1 : 0;
  // The one that is being checked has left the queue.
  CHECK(taken == password_checker::max_waiting || taken == password_checker::max_waiting + 1);
  go.set_value();
  x.close();
  CHECK(dropped > 0 && dropped <= password_checker::max_waiting);
  CHECK(!x.submit(job("late")));
  x.open();
  CHECK(x.submit(job("late")));
}

TEST(a right password is checked once) {
  access_control x;
  auto door = door_with({{"alice", quick}});
  auto now = access_control::clock::now();
  CHECK(x.judge(door, right, now) == verdict::checking);
  CHECK(asked(x, door, right) == verdict::granted);
  CHECK(x.judge(door, right, now) == verdict::granted);
  CHECK(x.judge(door, wrong, now) == verdict::checking);
  CHECK(asked(x, door, wrong) == verdict::unauthorized);
  CHECK(x.judge(door, wrong, now) == verdict::checking);
  // With another hash it is another question.
  CHECK(x.judge(door_with({{"alice", usual}}), right, now) == verdict::checking);
}

TEST(an unknown user is checked like a known one and never let in) {
  access_control x;
  auto door = door_with({{"alice", quick}});
  CHECK(x.judge(door, unknown, {}) == verdict::checking);
  CHECK(asked(x, door, unknown) == verdict::unauthorized);
  CHECK(x.judge(door, unknown, {}) == verdict::checking);
}

TEST(without a header nobody has to think) {
  access_control x;
  CHECK(x.judge(door_with({{"alice", quick}}), "", {}) == verdict::unauthorized);
  CHECK(x.judge(door_with({}), "", {}) == verdict::granted);
  CHECK(x.judge(door_with({}), wrong, {}) == verdict::granted);
}

TEST(what waits when all ends is told) {
  access_control x;
  x.close();
  CHECK(asked(x, door_with({{"alice", quick}}), right) == verdict::busy);
  x.open();
  CHECK(asked(x, door_with({{"alice", quick}}), right) == verdict::granted);
}

TEST(a bucket holds a burst and fills again) {
  rate_limiter x{{1s, 2}};
  rate_limiter::clock::time_point now{100s};
  CHECK(x.take(now));
  CHECK(x.take(now));
  CHECK(!x.take(now));
  CHECK(!x.take(now + 999ms));
  CHECK(x.take(now + 1s));
  CHECK(!x.take(now + 1s));
  CHECK(x.take(now + 100s));
  CHECK(x.take(now + 100s));
  CHECK(!x.take(now + 100s));
  rate_limiter open{{0s, 0}};
  CHECK(open.take(now));
}

TEST(a peer is an address or a network) {
  auto of = [](const char* text) {
    sockaddr_in6 six{};
    six.sin6_family = AF_INET6;
    if (inet_pton(AF_INET6, text, &six.sin6_addr) == 1)
      return peer_of(&six);
    sockaddr_in four{};
    four.sin_family = AF_INET;
    CHECK_EQUAL(inet_pton(AF_INET, text, &four.sin_addr), 1);
    return peer_of(&four);
  };
  CHECK(of("10.0.0.1") == of("::ffff:10.0.0.1"));
  CHECK(of("10.0.0.1") != of("10.0.0.2"));
  CHECK(of("2001:db8::1") == of("2001:db8::ffff:1"));
  CHECK(of("2001:db8::1") != of("2001:db8:0:1::1"));
  CHECK_EQUAL(peer_of(nullptr), "");
}
