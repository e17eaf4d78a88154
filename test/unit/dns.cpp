// Asking the DNS, with a name server on loopback.
#define SUITE dns

#include "actors/discovery/dns.hpp"

#include "test/unit/loopback.hpp"
#include "test/unit/test.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <latch>
#include <mutex>
#include <stdexcept>
#include <stop_token>
#include <thread>

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace pgstatsmon;

namespace {

std::string number(uint32_t x) {
  return test::number(x, 2);
}

std::string encoded(const std::string& name) {
  std::string result;
  for (size_t i = 0; i < name.size();) {
    auto end = std::min(name.find('.', i), name.size());
    result += static_cast<char>(end - i) + name.substr(i, end - i);
    i = end + 1;
  }
  return result + '\0';
}

std::string srv(uint16_t port, const std::string& target) {
  return number(1) + number(2) + number(port) + encoded(target);
}

std::string address(int family, const char* text) {
  std::string result(family == AF_INET ? 4 : 16, '\0');
  if (inet_pton(family, text, result.data()) != 1)
    throw std::runtime_error("no address");
  return result;
}

/// What a name server says to one question.
struct reply {
  uint16_t code = ns_r_noerror;
  std::vector<std::string> records{}; ///< The data of each.
  bool silent = false;
};

/// Answers in a thread of its own, until the end of the test.
class name_server {
public:
  using script = std::function<reply(const std::string& name, int type)>;

  explicit name_server(script x) : thread_{[this, answer = std::move(x)] { serve(answer); }} {}
  ~name_server() {
    socket_.wake();
    thread_.join();
  }
  name_server(const name_server&) = delete;
  name_server& operator=(const name_server&) = delete;

  [[nodiscard]] std::string where() const { return "127.0.0.1:" + std::to_string(socket_.port()); }

private:
  void serve(const script& answer) const {
    for (;;) {
      std::string question(512, '\0');
      sockaddr_in peer{};
      socklen_t size = sizeof(peer);
      auto* who = reinterpret_cast<sockaddr*>(&peer);
      auto n = recvfrom(socket_.get(), question.data(), question.size(), 0, who, &size);
      if (n <= 0)
        return;
      question.resize(static_cast<size_t>(n));
      auto text = answered(question, answer);
      if (!text.empty())
        sendto(socket_.get(), text.data(), text.size(), 0, who, size);
    }
  }

  static std::string answered(const std::string& question, const script& answer) {
    std::string name;
    size_t i = 12;
    for (; question.at(i) != '\0'; i += static_cast<size_t>(question[i]) + 1)
      name += (name.empty() ? "" : ".") + question.substr(i + 1, static_cast<size_t>(question[i]));
    auto type = question.substr(i + 1, 2);
    auto said = answer(name, static_cast<unsigned char>(type[1]));
    if (said.silent)
      return {};
    auto result = question.substr(0, 2) + number(0x8180 | said.code) + number(1)
                  + number(static_cast<uint16_t>(said.records.size())) + number(0) + number(0)
                  + question.substr(12, i + 5 - 12);
    for (const auto& x : said.records)
      result += number(0xC00C) + type + number(ns_c_in) + number(0) + number(60)
                + number(static_cast<uint16_t>(x.size())) + x;
    return result;
  }

  test::loopback_socket socket_{SOCK_DGRAM};
  std::thread thread_;
};

source_answer ask(const name_server& server, dns_settings::record type,
                  const std::vector<std::string>& names, dns_memory& memory) {
  dns_settings how;
  how.names = names;
  how.type = type;
  how.server = server.where();
  return ask_dns(how, memory, {});
}

source_answer ask(const name_server& server, dns_settings::record type,
                  const std::vector<std::string>& names) {
  dns_memory nothing;
  return ask(server, type, names, nothing);
}

found_list good(const source_answer& x) {
  REQUIRE(std::holds_alternative<found_list>(x));
  return std::get<found_list>(x);
}

/// `ADDRESS:PORT` of all that was found.
std::vector<std::string> found_in(const source_answer& x) {
  std::vector<std::string> result;
  for (const auto& one : good(x).backends)
    result.push_back(one.address + ":" + std::to_string(one.port));
  return result;
}

using texts = std::vector<std::string>;

constexpr auto services = dns_settings::record::srv;
constexpr auto addresses = dns_settings::record::a;

} // namespace

TEST(a service record is a host name and a port) {
  name_server server{[](const auto& name, int type) {
    return name == "_pg._tcp.test" && type == ns_t_srv
             ? reply{.records = {srv(5433, "two.test"), srv(5432, "one.test")}}
             : reply{.code = ns_r_refused};
  }};
  auto list = good(ask(server, services, {"_pg._tcp.test"}));
  CHECK(found_in(list) == (texts{"one.test:5432", "two.test:5433"}));
  CHECK(list.rejected.empty());
  CHECK_EQUAL(list.backends.at(0).name, "one.test");
}

TEST(a service record that cannot be a backend is rejected alone) {
  name_server server{[](const auto&, int) {
    return reply{.records = {srv(0, "no-port.test"), srv(1, ""), srv(5432, "a@b.test"),
                             srv(5432, "good.test")}};
  }};
  auto list = good(ask(server, services, {"srv.test"}));
  CHECK(found_in(list) == texts{"good.test:5432"});
  texts why;
  for (const auto& x : list.rejected)
    why.push_back(x.detail);
  CHECK(why == (texts{"its port is 0", "its target is no host name"}));
}

TEST(a service that is not offered is no failure) {
  name_server server{[](const auto&, int) { return reply{.records = {srv(1, "")}}; }};
  auto list = good(ask(server, services, {"srv.test"}));
  CHECK(list.backends.empty());
  CHECK_EQUAL(list.rejected.size(), 1u);
}

TEST(addresses of both kinds are backends by that name) {
  name_server server{[](const auto&, int type) {
    return type == ns_t_a
             ? reply{.records = {address(AF_INET, "10.0.0.2"), address(AF_INET, "10.0.0.1")}}
             : reply{.records = {address(AF_INET6, "fd00::1")}};
  }};
  auto list = good(ask(server, addresses, {"db.test"}));
  CHECK(found_in(list) == (texts{"10.0.0.1:0", "10.0.0.2:0", "fd00::1:0"}));
  CHECK(list.rejected.empty());
}

TEST(a name that does not exist is gone and not failed) {
  name_server server{[](const auto& name, int) {
    return name == "gone.test" ? reply{.code = ns_r_nxdomain}
                               : reply{.records = {srv(1, "a.test")}};
  }};
  auto list = good(ask(server, services, {"gone.test", "there.test"}));
  CHECK(found_in(list) == texts{"a.test:1"});
  REQUIRE(list.rejected.size() == 1);
  CHECK_EQUAL(list.rejected[0].what, "gone.test");
  CHECK(list.rejected[0].reason == reject_reason::address);
}

TEST(a name that cannot be looked up keeps its last answer) {
  std::atomic<bool> broken = false;
  name_server server{[&](const auto& name, int) {
    if (broken && name == "one.test")
      return reply{.code = ns_r_servfail};
    return reply{.records = {srv(name == "one.test" ? 1 : 2, "a.test")}};
  }};
  dns_memory memory;
  auto all = texts{"a.test:1", "a.test:2"};
  CHECK(found_in(ask(server, services, {"one.test", "two.test"}, memory)) == all);
  broken = true;
  auto list = good(ask(server, services, {"one.test", "two.test"}, memory));
  CHECK(found_in(list) == all);
  REQUIRE(list.rejected.size() == 1);
  CHECK(list.rejected[0].reason == reject_reason::lookup);
}

TEST(only when every lookup fails the source has failed) {
  name_server server{[](const auto&, int) { return reply{.code = ns_r_servfail}; }};
  auto answer = ask(server, services, {"one.test", "two.test"});
  REQUIRE(std::holds_alternative<source_problem>(answer));
  CHECK(std::get<source_problem>(answer).reason == source_failure::dns);
  CHECK(std::get<source_problem>(answer).what.starts_with("one.test: "));
}

TEST(a request to stop ends the wait for a silent name server) {
  std::latch asked{1};
  std::once_flag first;
  name_server server{[&](const auto&, int) {
    std::call_once(first, [&] { asked.count_down(); });
    return reply{.silent = true};
  }};
  std::stop_source stop;
  std::thread who{[&] {
    asked.wait();
    stop.request_stop();
  }};
  auto begin = std::chrono::steady_clock::now();
  dns_memory nothing;
  dns_settings how;
  how.names = {"db.test"};
  how.server = server.where();
  ask_dns(how, nothing, stop.get_token());
  // Less than the first attempt alone would take.
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{2});
  who.join();
}
