// How descriptors are dealt out.
#include "config/descriptors.hpp"

#include "config/databases.hpp"
#include "config/settings.hpp"

#include <fmt/format.h>

#include <algorithm>

#include <sys/resource.h>

namespace pgstatsmon {

namespace {

/// What the process has open without any backend, client or file: stdio, libmicrohttpd's and our
/// epoll sets and pipes, the multiplexer, listening sockets.
constexpr uint64_t own = 20;

/// Threads that look up names or cancel polls, console sessions, files that are read.
constexpr uint64_t helpers = 64;

/// A source of Patroni's asks eight members at once, or etcd over two connections.
constexpr uint64_t descriptors_of_patroni = 8;

/// A source has one connection, or watches one file.
uint64_t house_of(const settings& x) {
  return helpers + x.vmapi.size() + x.files.size() + x.http_sd.size() + x.dns.size()
         + descriptors_of_patroni * x.patroni.size();
}

} // namespace

descriptor_plan plan_descriptors(uint64_t limit, const settings& x) {
  auto rest = limit > own ? limit - own : 0;
  auto page = std::clamp<uint64_t>(rest / 4, 1, x.web.max_connections);
  auto house = std::min(house_of(x), rest / 4);
  auto taken = page + house;
  return {.limit = limit,
          .sessions = rest > taken ? rest - taken : 1,
          .page_clients = static_cast<uint32_t>(page)};
}

uint64_t descriptors_needed(const settings& x) {
  uint64_t sessions = 0;
  auto top = narrowed({}, x.databases);
  for (const auto& backend : x.static_backends)
    sessions += 1 + sessions_of(narrowed(top, backend.databases));
  return own + x.web.max_connections + house_of(x) + sessions;
}

std::string descriptor_warning(const settings& x, uint64_t limit) {
  auto backends = x.static_backends.size();
  auto needed = descriptors_needed(x);
  if (limit >= needed)
    return {};
  return fmt::format("this process may open {} files, and {} backends with {} clients of the page "
                     "may need {}: raise LimitNOFILE= in the unit, or ulimit -n",
                     limit, backends, x.web.max_connections, needed);
}

uint64_t descriptor_limit() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;
}

} // namespace pgstatsmon
