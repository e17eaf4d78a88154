// Matching, the surest signs first.
#include "actors/fleet/attachment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace pgstatsmon {

namespace {

/// A receiver that has heard nothing for so long is none, whatever it says, s.
constexpr double longest_silence = 90;

/// What a receiver is called that was given no name.
constexpr std::string_view nameless = "walreceiver";

/// Weights of signs that a client is a server. One is as good as the larger sum of them.
constexpr int same_slot = 8;
constexpr int same_name = 4;
constexpr int called_like_it = 3;
constexpr int same_address = 2;
constexpr int both_nameless = 1;

bool same_text(std::string_view a, std::string_view b) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

bool answers_at(const seen_server& x, std::string_view host) {
  return same_text(x.report->identity->address, host)
         || std::ranges::any_of(x.backends, [&](const auto& y) {
              return same_text(y.value->address, host) || same_text(y.report->reached_at, host);
            });
}

/// By what people and DNS call it rather than by what it calls itself: servers in containers have
/// one address of their own on every machine.
int fits_address(const seen_server& x, const wal_receiver& to) {
  for (const auto& y : x.backends)
    if (y.value->port == to.port
        && (same_text(y.value->address, to.host) || same_text(y.report->reached_at, to.host)))
      return 2;
  const auto& own = *x.report->identity;
  return own.port == to.port && same_text(own.address, to.host) ? 1 : 0;
}

std::string name_at_sender(const seen_server& x) {
  if (x.report->receiver && !x.report->receiver->application.empty())
    return x.report->receiver->application;
  // What a server calls itself is its receiver's name, too, from 12 on.
  const auto& own = x.report->identity->cluster_name;
  return own.empty() ? std::string{nameless} : own;
}

int signs_of(const seen_server& x, const wal_client& as) {
  auto result = 0;
  const auto& receiver = x.report->receiver;
  if (receiver && !as.slot.empty() && as.slot == receiver->slot)
    result += same_slot;
  auto name = name_at_sender(x);
  if (as.application == nameless)
    result += name == nameless ? both_nameless : 0;
  else if (!as.application.empty() && as.application == name)
    result += same_name;
  else if (std::ranges::any_of(x.backends,
                               [&](const auto& y) { return y.value->name == as.application; }))
    result += called_like_it;
  if (!as.address.empty() && answers_at(x, as.address))
    result += same_address;
  return result;
}

class matcher {
public:
  explicit matcher(const std::vector<seen_server>& servers) : servers_{servers} {
    result_.of.resize(servers.size());
  }

  attachments match() {
    for (size_t i = 0; i < servers_.size(); ++i)
      look_upwards(i);
    look_downwards();
    for (const auto& x : clients_)
      if (x.second && client(x.first).replayed)
        result_.unwatched.push_back(x.first);
    return std::move(result_);
  }

private:
  [[nodiscard]] const wal_client& client(const client_place& x) const {
    return servers_[x.server].report->clients[x.client];
  }

  /// What a standby says of its sender.
  void look_upwards(size_t standby) {
    const auto& report = *servers_[standby].report;
    if (!servers_[standby].fresh || !report.standby || !report.receiver)
      return;
    const auto& receiver = *report.receiver;
    auto& found = result_.of[standby];
    found.receives = receiver.status.empty()
                     || (receiver.status == "streaming" && receiver.message_age < longest_silence);
    if (receiver.host.empty())
      return;
    found.upstream_address = receiver.host.find(':') == std::string::npos
                               ? fmt::format("{}:{}", receiver.host, receiver.port)
                               : fmt::format("[{}]:{}", receiver.host, receiver.port);
    auto best = 0;
    for (size_t i = 0; i < servers_.size(); ++i)
      if (auto fits = i == standby ? 0 : fits_address(servers_[i], receiver); fits > best) {
        best = fits;
        found.upstream = i;
      } else if (fits > 0 && fits == best) {
        found.upstream.reset(); // its sender will tell
      }
  }

  /// What senders say of their clients. The surest pair is joined first, and each has one other.
  void look_downwards() {
    std::vector<std::tuple<int, size_t, size_t>> pairs; // signs, standby, index into clients_
    for (size_t i = 0; i < servers_.size(); ++i)
      if (servers_[i].fresh)
        for (size_t j = 0; j < servers_[i].report->clients.size(); ++j)
          clients_.push_back({{i, j}, true});
    for (size_t i = 0; i < servers_.size(); ++i)
      for (size_t j = 0; j < clients_.size(); ++j)
        if (auto signs = judge(i, clients_[j].first); signs > 0)
          pairs.emplace_back(-signs, i, j);
    std::ranges::sort(pairs);
    for (const auto& [signs, standby, j] : pairs) {
      auto& found = result_.of[standby];
      if (found.client || !clients_[j].second)
        continue;
      clients_[j].second = false;
      found.client = clients_[j].first;
      found.upstream = clients_[j].first.server;
    }
  }

  /// How many signs there are that a client is a server; 0: it is not.
  [[nodiscard]] int judge(size_t standby, const client_place& as) const {
    const auto& x = servers_[standby];
    const auto& known = result_.of[standby];
    if (as.server == standby || (x.fresh && !x.report->standby))
      return 0;
    // Who can say that it has no receiver is no client.
    if (x.fresh && !x.report->receiver)
      return 0;
    if (known.upstream && *known.upstream != as.server)
      return 0;
    auto signs = signs_of(x, client(as));
    // Without its address a name that many have says nothing.
    return signs > both_nameless || known.upstream ? signs : 0;
  }

  const std::vector<seen_server>& servers_;
  std::vector<std::pair<client_place, bool>> clients_; ///< And whether it is nobody yet.
  attachments result_;
};

} // namespace

attachments attach(const std::vector<seen_server>& servers) {
  return matcher{servers}.match();
}

} // namespace pgstatsmon
