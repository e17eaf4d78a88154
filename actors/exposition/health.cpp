// Health for load balancers and Kubernetes: `/-/healthy` and `/-/ready`.
#include "actors/exposition/health.hpp"

#include <fmt/format.h>

#include <utility>

namespace pgstatsmon {

namespace {

constexpr unsigned unavailable = 503;

http_response say(bool good, std::string yes, std::string no) {
  http_response x;
  x.status = good ? x.status : unavailable;
  x.body = std::move(good ? yes : no);
  return x;
}

/// Why a daemon that shares its fleet has nothing to watch; empty: something else keeps it.
std::string held_up_by(const cluster_status& x) {
  if (!x.problem.empty())
    return fmt::format("{}: {}\n",
                       x.known ? "takes no part in its fleet" : "knows nothing of its fleet yet",
                       x.problem);
  return x.known ? "" : "the engine that keeps leases has not answered yet\n";
}

} // namespace

void add_health(http_server& to, const std::shared_ptr<const heartbeat>& pulse,
                const std::shared_ptr<const cluster_cell>& sharing) {
  to.add_route("/-/healthy", [pulse](const http_request&) {
    return say(pulse->healthy(std::chrono::steady_clock::now()), "healthy\n",
               "the SCHEDULER makes no progress\n");
  });
  to.add_route("/-/ready", [pulse, sharing](const http_request&) {
    auto why = sharing != nullptr ? held_up_by(*sharing->status()) : std::string{};
    if (why.empty())
      why = "no list of backends yet, or not every backend of it was tried\n";
    return say(pulse->ready(), "ready\n", std::move(why));
  });
}

} // namespace pgstatsmon
