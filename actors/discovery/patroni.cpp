// One range of etcd, or two requests for each address.
#include "actors/discovery/patroni.hpp"

#include "actors/discovery/http_problems.hpp"
#include "actors/discovery/patroni_body.hpp"
#include "actors/etcd/etcd_client.hpp"
#include "actors/http/http_multi.hpp"
#include "actors/http/http_url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>

namespace pgstatsmon {

namespace {

constexpr size_t at_once = 8; // requests

double unix_time() {
  using std::chrono::duration;
  using std::chrono::system_clock;
  return duration<double>(system_clock::now().time_since_epoch()).count();
}

source_failure class_of(etcd_failure x) noexcept {
  switch (x) {
  case etcd_failure::unreachable: return source_failure::connect;
  case etcd_failure::refused: return source_failure::status;
  case etcd_failure::lost:
  case etcd_failure::broken: return source_failure::body;
  case etcd_failure::other_cluster: return source_failure::contradiction;
  case etcd_failure::busy:
  case etcd_failure::ended: return source_failure::network;
  }
  return source_failure::network;
}

/// The requests of one question: two for each URL, a few at once.
class rest_round {
public:
  rest_round(const patroni_settings& how, const std::stop_token& stop)
    : how_{how}, stop_{stop}, answers_(how.rest.size() * 2) {}

  void run() {
    size_t next = 0;
    std::stop_callback wake{stop_, [this] { multi_.wake(); }};
    while (!stop_.stop_requested() && (next < answers_.size() || multi_.size() > 0)) {
      for (; next < answers_.size() && multi_.size() < at_once; ++next)
        multi_.begin(next, {.url = how_.rest[next / 2] + (next % 2 == 0 ? "/cluster" : "/patroni")},
                     how_.http);
      for (auto& [id, answer] : multi_.run(std::chrono::seconds{1}))
        answers_[id] = std::move(answer);
    }
  }

  /// What a URL said; nothing when it said nothing of use, and why.
  std::optional<patroni_cluster> said(size_t url, source_problem& why) {
    const http_reply* cluster = good(url * 2, true, why);
    const http_reply* member = good(url * 2 + 1, false, why);
    if (cluster == nullptr || member == nullptr)
      return std::nullopt;
    auto result = read_patroni_rest(cluster->body, member->body);
    if (!result)
      why = {source_failure::body, shown(how_.rest[url]) + ": the answer is not Patroni's"};
    return result;
  }

private:
  /// @param ok Only status 200 is good: a member that is no leader answers 503 to `/patroni`.
  const http_reply* good(size_t i, bool ok, source_problem& why) {
    if (auto* problem = std::get_if<http_problem>(&answers_[i])) {
      why = problem_of(*problem);
      return nullptr;
    }
    const auto& reply = std::get<http_reply>(answers_[i]);
    if (auto problem = status_problem(reply); problem && (ok || reply.status != 503)) {
      why = {problem->reason, shown(how_.rest[i / 2]) + ": " + problem->what};
      return nullptr;
    }
    return &reply;
  }

  const patroni_settings& how_;
  const std::stop_token& stop_;
  std::vector<http_answer> answers_;
  http_multi multi_;
};

/// Of several views of a cluster the newest.
std::vector<patroni_cluster> united(const patroni_rest_memory& views,
                                    const std::vector<std::string>& patterns) {
  std::map<std::string, const patroni_cluster*> best;
  for (const auto& [url, x] : views) {
    if (!is_wanted(x.scope, patterns))
      continue;
    auto& to = best[x.scope];
    if (to == nullptr || x.seen > to->seen)
      to = &x;
  }
  std::vector<patroni_cluster> result;
  result.reserve(best.size());
  for (const auto& [scope, x] : best)
    result.push_back(*x);
  return result;
}

} // namespace

void patroni_memory::remember(const std::vector<patroni_cluster>& xs) {
  std::vector<std::string> members;
  for (const auto& x : xs)
    for (const auto& y : x.members)
      members.push_back(fmt::format("{}/{}", x.scope, y.name));
  std::sort(members.begin(), members.end());
  std::lock_guard guard{mutex_};
  members_ = std::move(members);
}

bool patroni_memory::is_news(std::string_view key, std::string_view prefix) const {
  std::lock_guard guard{mutex_};
  return is_patroni_news(key, prefix, members_);
}

std::string prefix_of(const patroni_settings& x) {
  return x.prefix + '/';
}

patroni_answer ask_patroni_etcd(const patroni_settings& how, etcd_api& store,
                                patroni_memory& memory, const std::stop_token& stop) {
  auto prefix = prefix_of(how);
  auto answer = range_now(store, prefix, stop);
  if (auto* problem = std::get_if<etcd_problem>(&answer))
    return source_problem{class_of(problem->reason), "etcd: " + problem->what};
  const auto& range = std::get<etcd_range>(answer);
  if (range.keys.empty())
    return source_problem{
      source_failure::contradiction,
      fmt::format("etcd has nothing under {}: it was wiped, or Patroni keeps its "
                  "clusters elsewhere",
                  prefix)};
  auto clusters = read_patroni_keys(range.keys, prefix, how.scopes, unix_time());
  memory.remember(clusters);
  return clusters;
}

patroni_answer ask_patroni_rest(const patroni_settings& how, patroni_rest_memory& last,
                                const std::stop_token& stop) {
  rest_round round{how, stop};
  round.run();
  if (stop.stop_requested())
    return source_problem{source_failure::network, "given up"};
  source_problem why;
  auto any = false;
  for (size_t i = 0; i < how.rest.size(); ++i)
    if (auto cluster = round.said(i, why)) {
      any = true;
      last.insert_or_assign(how.rest[i], std::move(*cluster));
    }
  if (!any)
    return why;
  return united(last, how.scopes);
}

} // namespace pgstatsmon
