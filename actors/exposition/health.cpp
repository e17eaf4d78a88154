// Health for load balancers and Kubernetes: `/-/healthy` and `/-/ready`.
#include "actors/exposition/health.hpp"

namespace pgstatsmon {

namespace {

constexpr unsigned unavailable = 503;

http_response say(bool good, const char* yes, const char* no) {
  http_response x;
  x.status = good ? x.status : unavailable;
  x.body = good ? yes : no;
  return x;
}

} // namespace

void add_health(http_server& to, const std::shared_ptr<const heartbeat>& pulse) {
  to.add_route("/-/healthy", [pulse](const http_request&) {
    return say(pulse->healthy(std::chrono::steady_clock::now()), "healthy\n",
               "the SCHEDULER makes no progress\n");
  });
  to.add_route("/-/ready", [pulse](const http_request&) {
    return say(pulse->ready(), "ready\n",
               "no list of backends yet, or not every backend of it was tried\n");
  });
}

} // namespace pgstatsmon
