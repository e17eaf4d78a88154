// A fleet on paper: servers that the test lets say what it likes.
#pragma once

#include "actors/fleet/seen_backend.hpp"

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace pgstatsmon::test {

/// A backend and what its server says, from which a look makes a report.
struct paper_server {
  backend value;
  server_identity identity;
  server_report says;
  bool up = true;
  bool asked = true;             ///< It is polled, so that each look has a new report.
  std::chrono::seconds after{0}; ///< ... and when, since the look.
  report_ptr last{};
};

struct fleet_fixture {
  using time_point = caf::actor_clock::time_point;

  /// Names are addresses, too.
  paper_server& add(std::string name, bool standby = false, std::string system = "7") {
    auto n = static_cast<int64_t>(servers.size()) + 1;
    auto& x = servers.emplace_back();
    x.value.name = name;
    x.value.address = name;
    x.value.port = 5432;
    x.identity = {.system = std::move(system),
                  .started = 1000 + n,
                  .address = "10.0.0." + std::to_string(n),
                  .port = 5432,
                  .cluster_name = {},
                  .timeline = 1};
    x.says.reached_at = x.identity.address;
    x.says.standby = standby;
    x.says.position = 1000;
    x.says.timeline = 1;
    return x;
  }

  /// `standby` streams from `sender`, and both say so.
  void follow(paper_server& standby, paper_server& sender) {
    leave(standby);
    standby.says.receiver = wal_receiver{.status = "streaming",
                                         .host = sender.value.address,
                                         .port = 5432,
                                         .slot = {},
                                         .application = standby.value.name,
                                         .timeline = 1};
    sender.says.clients.push_back({.application = standby.value.name,
                                   .address = standby.identity.address,
                                   .slot = {},
                                   .state = "streaming",
                                   .sync = "async",
                                   .replayed = standby.says.position});
  }

  /// Nobody sends to it, and it knows.
  void leave(paper_server& standby) {
    standby.says.receiver.reset();
    for (auto& x : servers)
      std::erase_if(x.says.clients,
                    [&](const auto& y) { return y.application == standby.value.name; });
  }

  /// All of them, each polled a moment after the one before.
  std::vector<seen_backend> seen() {
    std::vector<seen_backend> result;
    for (size_t i = 0; i < servers.size(); ++i) {
      auto& x = servers[i];
      if (x.up && x.asked) {
        x.says.when = now + std::chrono::milliseconds{i} + x.after;
        x.says.identity = std::make_shared<const server_identity>(x.identity);
        x.last = std::make_shared<const server_report>(x.says);
      }
      if (x.last != nullptr)
        result.push_back({.life = i + 1, .value = &x.value, .fresh = x.up, .report = x.last});
    }
    return result;
  }

  void pass(std::chrono::seconds span) {
    now += span;
    unix_now += static_cast<double>(span.count());
  }

  std::deque<paper_server> servers;
  time_point now{std::chrono::hours{1}};
  double unix_now = 1e9;
};

} // namespace pgstatsmon::test
