// Asks the DNS for backends, over c-ares.
#include "actors/discovery/dns.hpp"

#include "actors/discovery/target.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <ares.h>
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace pgstatsmon {

namespace {

using clock = std::chrono::steady_clock;
using std::chrono::duration_cast;

constexpr int attempt_ms = 2000;
constexpr int attempts = 2;
constexpr std::chrono::seconds deadline{10};

struct channel_deleter {
  void operator()(ares_channel x) const { ares_destroy(x); }
};
using channel_ptr = std::unique_ptr<ares_channeldata, channel_deleter>;

/// An eventfd that a stop request makes readable.
class stop_event {
public:
  explicit stop_event(const std::stop_token& stop)
    : fd_{eventfd(0, EFD_CLOEXEC)}, callback_{stop, wake{fd_}} {}
  stop_event(const stop_event&) = delete;
  stop_event& operator=(const stop_event&) = delete;
  ~stop_event() { ::close(fd_); }

  [[nodiscard]] int fd() const noexcept { return fd_; }

private:
  struct wake {
    int fd;
    void operator()() const { eventfd_write(fd, 1); }
  };

  int fd_;
  std::stop_callback<wake> callback_; // gone before the descriptor is closed
};

found_backend named(std::string name, uint16_t port) {
  found_backend result;
  result.address = name;
  result.name = std::move(name);
  result.port = port;
  return result;
}

/// Notes how a lookup ended; c-ares calls every callback, at the latest when the channel ends.
void conclude(dns_lookup& x, int status) {
  using outcome = dns_lookup::outcome;
  if (status == ARES_SUCCESS) {
    x.came_to = outcome::answered;
  } else if (status == ARES_ENOTFOUND || status == ARES_ENODATA) {
    x.came_to = outcome::gone;
  } else if (status == ARES_ECANCELLED || status == ARES_EDESTRUCTION || status == ARES_ETIMEOUT) {
    x.problem = {source_failure::timeout, fmt::format("{}: no answer in time", x.name)};
  } else {
    x.problem = {source_failure::dns, fmt::format("{}: {}", x.name, ares_strerror(status))};
  }
  x.unreachable = status == ARES_ECONNREFUSED;
}

void add_srv(dns_lookup& to, std::string_view host, uint16_t port) {
  if (host.ends_with('.'))
    host.remove_suffix(1);
  auto reject = [&](std::string why) {
    to.rejected.push_back({fmt::format("{} of {}", address_and_port(host, port), to.name),
                           reject_reason::address, std::move(why)});
  };
  if (host.empty())
    return; // a target of "." says that the service is not offered
  if (port == 0)
    reject("its port is 0");
  else if (host.find_first_of("/@") != std::string_view::npos || !parse_target(host))
    reject("its target is no host name");
  else
    to.found.push_back(named(std::string{host}, port));
}

void on_srv(void* arg, int status, int, unsigned char* answer, int size) {
  auto& to = *static_cast<dns_lookup*>(arg);
  ares_srv_reply* list = nullptr;
  if (status == ARES_SUCCESS)
    status = ares_parse_srv_reply(answer, size, &list);
  conclude(to, status);
  for (const auto* x = list; x != nullptr; x = x->next)
    add_srv(to, x->host, x->port);
  if (status == ARES_SUCCESS && to.found.empty() && to.rejected.empty())
    to.came_to = dns_lookup::outcome::gone;
  ares_free_data(list);
}

void on_addresses(void* arg, int status, int, ares_addrinfo* answer) {
  auto& to = *static_cast<dns_lookup*>(arg);
  conclude(to, status);
  if (status != ARES_SUCCESS)
    return;
  for (const auto* x = answer->nodes; x != nullptr; x = x->ai_next) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const void* address = nullptr;
    if (x->ai_family == AF_INET)
      address = &reinterpret_cast<const sockaddr_in*>(x->ai_addr)->sin_addr;
    else if (x->ai_family == AF_INET6)
      address = &reinterpret_cast<const sockaddr_in6*>(x->ai_addr)->sin6_addr;
    if (address != nullptr && inet_ntop(x->ai_family, address, text.data(), text.size()) != nullptr)
      to.found.push_back(named(text.data(), 0));
  }
  ares_freeaddrinfo(answer);
}

/// Whether a name can be looked up in a search domain; `.` would make it end with two dots.
bool can_be_searched(std::string_view domain) {
  if (domain.ends_with('.'))
    domain.remove_suffix(1);
  return !domain.empty() && !domain.starts_with('.') && domain.find("..") == domain.npos;
}

channel_ptr new_channel(const ares_options& options, int mask, int& status) {
  auto copy = options;
  ares_channel channel = nullptr;
  status = ares_init_options(&channel, &copy, mask);
  return channel_ptr{status == ARES_SUCCESS ? channel : nullptr};
}

/// The search domains of a channel that are of use.
std::vector<std::string> search_domains(ares_channel channel, int& status) {
  std::vector<std::string> result;
  ares_options options{};
  int mask = 0;
  status = ares_save_options(channel, &options, &mask);
  if (status == ARES_SUCCESS)
    for (int i = 0; i < options.ndomains; ++i)
      if (can_be_searched(options.domains[i]))
        result.emplace_back(options.domains[i]);
  ares_destroy_options(&options);
  return result;
}

channel_ptr open_channel(const dns_settings& how, int& status) {
  static const auto ready = ares_library_init(ARES_LIB_INIT_ALL);
  status = ready;
  if (ready != ARES_SUCCESS)
    return nullptr;
  std::array<char, 2> dns_only{'b', '\0'}; // c-ares wants to be able to write
  ares_options options{};
  options.timeout = attempt_ms;
  options.tries = attempts;
  options.lookups = dns_only.data();
  auto mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | (how.server.empty() ? 0 : ARES_OPT_LOOKUPS);
  // The first channel reads what the system says, the second leaves out some of it.
  auto result = new_channel(options, mask, status);
  if (!result)
    return nullptr;
  auto domains = search_domains(result.get(), status);
  if (status != ARES_SUCCESS)
    return nullptr;
  std::vector<char*> pointers;
  for (auto& x : domains)
    pointers.push_back(x.data());
  options.domains = pointers.data();
  options.ndomains = static_cast<int>(pointers.size());
  result = new_channel(options, mask | ARES_OPT_DOMAINS, status);
  if (result && !how.server.empty())
    status = ares_set_servers_ports_csv(result.get(), how.server.c_str());
  return status == ARES_SUCCESS ? std::move(result) : nullptr;
}

using lookup_list = std::deque<dns_lookup>; // c-ares keeps pointers to its elements

/// What is asked: A and AAAA are two questions, as one may fail alone.
lookup_list questions(const dns_settings& how) {
  lookup_list result;
  auto add = [&](const std::string& name, const char* type) {
    auto& added = result.emplace_back();
    added.name = name;
    added.type = type;
  };
  for (const auto& name : how.names) {
    if (how.type == dns_settings::record::srv) {
      add(name, "SRV");
    } else {
      add(name, "A");
      add(name, "AAAA");
    }
  }
  return result;
}

void ask(ares_channel channel, dns_lookup& x) {
  if (x.type == "SRV")
    return ares_query(channel, x.name.c_str(), ns_c_in, ns_t_srv, on_srv, &x);
  ares_addrinfo_hints hints{};
  hints.ai_flags = ARES_AI_NOSORT;
  hints.ai_family = x.type == "A" ? AF_INET : AF_INET6;
  ares_getaddrinfo(channel, x.name.c_str(), nullptr, &hints, on_addresses, &x);
}

/// Waits for c-ares' sockets and its next timeout, or for a stop; then lets it work.
/// @returns whether there is anything left to wait for.
bool step(ares_channel channel, const stop_event& stop, milliseconds left) {
  std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets{};
  auto bits = static_cast<unsigned>(ares_getsock(channel, sockets.data(), ARES_GETSOCK_MAXNUM));
  std::vector<pollfd> fds{{.fd = stop.fd(), .events = POLLIN, .revents = 0}};
  for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM; ++i) {
    auto readable = ARES_GETSOCK_READABLE(bits, i) != 0;
    auto writable = ARES_GETSOCK_WRITABLE(bits, i) != 0;
    if (readable || writable)
      fds.push_back(
        {.fd = sockets[i],
         .events = static_cast<short>((readable ? POLLIN : 0) | (writable ? POLLOUT : 0)),
         .revents = 0});
  }
  if (fds.size() == 1)
    return false;
  timeval longest{};
  longest.tv_sec = left.count() / 1000;
  longest.tv_usec = left.count() % 1000 * 1000;
  timeval wait{};
  ares_timeout(channel, &longest, &wait);
  ::poll(fds.data(), fds.size(), static_cast<int>(wait.tv_sec * 1000 + wait.tv_usec / 1000 + 1));
  for (size_t i = 1; i < fds.size(); ++i)
    if (fds[i].revents != 0)
      ares_process_fd(channel, (fds[i].revents & ~POLLOUT) != 0 ? fds[i].fd : ARES_SOCKET_BAD,
                      (fds[i].revents & POLLOUT) != 0 ? fds[i].fd : ARES_SOCKET_BAD);
  ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  return true;
}

/// Waits until all is answered that a channel was asked, or for a stop, or until `end`.
void finish(ares_channel channel, const stop_event& event, const std::stop_token& stop,
            clock::time_point end) {
  for (;;) {
    auto left = duration_cast<milliseconds>(end - clock::now());
    if (left.count() <= 0 || stop.stop_requested() || !step(channel, event, left))
      return;
  }
}

} // namespace

source_answer ask_dns(const dns_settings& how, dns_memory& last, const std::stop_token& stop) {
  auto lookups = questions(how); // outlives the channels, which end what is left of them
  stop_event event{stop};
  int status = ARES_SUCCESS;
  auto channel = open_channel(how, status);
  if (!channel)
    return source_problem{source_failure::dns, ares_strerror(status)};
  auto end = clock::now() + deadline;
  for (auto& x : lookups)
    ask(channel.get(), x);
  finish(channel.get(), event, stop, end);
  channel.reset();
  // An answer that asks for TCP, where nobody listens, ends the connection for all who wait.
  for (auto& x : lookups) {
    if (!x.unreachable || stop.stop_requested() || clock::now() >= end)
      continue;
    auto own = open_channel(how, status);
    if (!own)
      break;
    x.problem = {};
    ask(own.get(), x);
    finish(own.get(), event, stop, end);
  }
  return answer_of({lookups.begin(), lookups.end()}, last);
}

} // namespace pgstatsmon
