// One cluster: who leads, who follows whom and how far behind, who is missed. Pure.
#pragma once

#include "actors/fleet/attachment.hpp"
#include "actors/fleet/expected_standbys.hpp"
#include "actors/fleet/fleet_view.hpp"
#include "actors/fleet/seen_backend.hpp"
#include "actors/fleet/wal_history.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pgstatsmon {

/// Remembers what one look can't say: where writable servers were in their WAL, which standbys
/// there were, when a writable server was seen last. A server is known by its first backend.
class cluster_model {
public:
  explicit cluster_model(std::string system) : system_{std::move(system)} {}

  /// The servers as they are now.
  /// @param unix_now Unix time, s.
  void look(const std::vector<seen_server>& servers, double unix_now);

  /// What follows from the newest look.
  [[nodiscard]] const cluster_ptr& view() const noexcept { return view_; }

private:
  using time_point = wal_history::time_point;

  /// What is remembered of a server.
  struct memory {
    wal_history history;          ///< Of one that is writable, or was when it was seen last.
    std::optional<uint64_t> fork; ///< Where it was when it was first seen as a primary, if it was
                                  ///< seen as a standby before.
    bool was_standby = false;
    double last_attached = 0; ///< Unix time, s.
    std::string upstream;     ///< The last one.
    bool follows_member = false;
    bool attached = false;
    std::optional<time_point> streaming_since; ///< By its own word.
  };

  memory& memory_of(const seen_server& x) { return known_[x.first().life]; }
  void forget_the_gone(const std::vector<seen_server>& servers);
  void find_leader(const std::vector<seen_server>& servers);
  void note_positions(const std::vector<seen_server>& servers);
  [[nodiscard]] std::optional<bool> is_attached(const std::vector<seen_server>& servers, size_t i,
                                                const attachment& how);
  [[nodiscard]] member_view member_of(const std::vector<seen_server>& servers, size_t i,
                                      const attachment& how, double unix_now);
  [[nodiscard]] bool has_diverged(const seen_server& x) const;
  [[nodiscard]] const wal_history* history_for(const std::vector<seen_server>& servers,
                                               const attachments& all, size_t from) const;
  void measure(member_view& to, const wal_history* history, uint64_t position, time_point when,
               std::optional<double> replay_age) const;
  void note_clients(const std::vector<seen_server>& servers, const attachments& all);
  [[nodiscard]] bool is_client_of_ours(const std::string& name) const;
  void add_unwatched(cluster_view& to, const std::vector<seen_server>& servers,
                     const attachments& all, double unix_now);
  void add_missed(cluster_view& to, const std::vector<seen_server>& servers);

  std::string system_;
  std::map<incarnation, memory> known_;
  std::optional<incarnation> leader_; ///< The writable server, or the last one.
  bool leads_now_ = false;            ///< It is fresh.
  uint32_t leader_timeline_ = 0;
  uint64_t leader_position_ = 0;
  time_point leader_seen_;
  double writable_seen_ = 0;
  /// What senders called the standbys that are watched, by the life of a backend.
  std::map<incarnation, std::string> clients_;
  expected_standbys unwatched_;
  cluster_ptr view_;
};

} // namespace pgstatsmon
