// Asks the DNS for backends, over c-ares.
#include "actors/discovery/dns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <tuple>
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

/// What one name came to.
struct lookup {
  std::string name;
  int status = ARES_ECANCELLED;
  std::vector<found_backend> found;
};

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

void on_srv(void* arg, int status, int, unsigned char* answer, int size) {
  auto& to = *static_cast<lookup*>(arg);
  to.status = status;
  if (status != ARES_SUCCESS)
    return;
  ares_srv_reply* list = nullptr;
  to.status = ares_parse_srv_reply(answer, size, &list);
  for (const auto* x = list; x != nullptr; x = x->next) {
    std::string_view host{x->host};
    if (host.ends_with('.'))
      host.remove_suffix(1);
    if (!host.empty() && x->port != 0) // a target of "." says that the service is not offered
      to.found.push_back(named(std::string{host}, x->port));
  }
  ares_free_data(list);
}

void on_addresses(void* arg, int status, int, ares_addrinfo* answer) {
  auto& to = *static_cast<lookup*>(arg);
  to.status = status;
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
  ares_channel channel = nullptr;
  status = ares_init_options(&channel, &options, mask);
  channel_ptr result{status == ARES_SUCCESS ? channel : nullptr};
  if (result && !how.server.empty())
    status = ares_set_servers_ports_csv(channel, how.server.c_str());
  return status == ARES_SUCCESS ? std::move(result) : nullptr;
}

void ask(ares_channel channel, const dns_settings& how, lookup& x) {
  if (how.type == dns_settings::record::srv) {
    ares_query(channel, x.name.c_str(), ns_c_in, ns_t_srv, on_srv, &x);
    return;
  }
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_flags = ARES_AI_NOSORT;
  ares_getaddrinfo(channel, x.name.c_str(), nullptr, &hints, on_addresses, &x);
}

/// Waits for c-ares' sockets and its next timeout, or for a stop; then lets it work.
/// @returns whether there is anything left to wait for.
bool step(ares_channel channel, const stop_event& stop, milliseconds left) {
  std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets{};
  auto bits = static_cast<unsigned>(ares_getsock(channel, sockets.data(), ARES_GETSOCK_MAXNUM));
  std::vector<pollfd> fds{{stop.fd(), POLLIN, 0}};
  for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM; ++i) {
    auto readable = ARES_GETSOCK_READABLE(bits, i) != 0;
    auto writable = ARES_GETSOCK_WRITABLE(bits, i) != 0;
    if (readable || writable)
      fds.push_back(
        {sockets[i], static_cast<short>((readable ? POLLIN : 0) | (writable ? POLLOUT : 0)), 0});
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

source_answer collect(const std::deque<lookup>& lookups) {
  found_list result;
  for (const auto& x : lookups) {
    if (x.status == ARES_ENOTFOUND || x.status == ARES_ENODATA)
      result.rejected.push_back({x.name, reject_reason::address, "it has no such records"});
    else if (x.status == ARES_ECANCELLED || x.status == ARES_ETIMEOUT)
      return source_problem{source_failure::timeout, fmt::format("{}: no answer in time", x.name)};
    else if (x.status != ARES_SUCCESS)
      return source_problem{source_failure::dns,
                            fmt::format("{}: {}", x.name, ares_strerror(x.status))};
    result.backends.insert(result.backends.end(), x.found.begin(), x.found.end());
  }
  // Servers rotate their answers; a name that is taken goes to the first.
  auto order = [](const found_backend& x) { return std::tie(x.name, x.port); };
  std::sort(result.backends.begin(), result.backends.end(),
            [&](const auto& x, const auto& y) { return order(x) < order(y); });
  result.backends.erase(std::unique(result.backends.begin(), result.backends.end()),
                        result.backends.end());
  return result;
}

} // namespace

source_answer ask_dns(const dns_settings& how, const std::stop_token& stop) {
  std::deque<lookup> lookups; // outlives the channel, which ends what is left of them
  stop_event event{stop};
  int status = ARES_SUCCESS;
  auto channel = open_channel(how, status);
  if (!channel)
    return source_problem{source_failure::dns, ares_strerror(status)};
  for (const auto& name : how.names)
    ask(channel.get(), how, lookups.emplace_back(lookup{name, ARES_ECANCELLED, {}}));
  auto end = clock::now() + deadline;
  for (;;) {
    auto left = duration_cast<milliseconds>(end - clock::now());
    if (left.count() <= 0 || stop.stop_requested() || !step(channel.get(), event, left))
      break;
  }
  channel.reset();
  return collect(lookups);
}

} // namespace pgstatsmon
