// The daemon: wires the actors together. The only place that knows them all.
#pragma once

#include "actors/actor_directory.hpp"
#include "actors/backend/log_summary.hpp"
#include "actors/cluster/cluster.hpp"
#include "actors/console/sources.hpp"
#include "actors/discovery/discovery_metrics.hpp"
#include "actors/exposition/desk.hpp"
#include "actors/exposition/event_hub.hpp"
#include "actors/exposition/http_server.hpp"
#include "actors/exposition/web_door.hpp"
#include "actors/fleet/fleet_view.hpp"
#include "actors/interfaces.hpp"
#include "actors/registry/daemon_metrics.hpp"
#include "actors/registry/fleet_journal.hpp"
#include "actors/registry/heartbeat.hpp"
#include "actors/registry/snapshot.hpp"
#include "actors/scheduler/scheduler.hpp"
#include "config/descriptors.hpp"
#include "config/settings.hpp"

#include <caf/actor_system.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <string>

namespace pgstatsmon {

/// What CAF has to know before any actor runs.
struct system_configuration : listing_config {
  system_configuration();
};

/// The catalogue that a configuration asks for: its directory's, the one compiled in, or that with
/// what a directory adds.
caf::expected<catalogue_ptr> load_queries(const settings& x, const std::string& file);

/// Everything that runs. One per process. Its functions are for the main thread.
class daemon {
public:
  /// @param file The configuration file that `options` came from; reload() reads it again.
  /// @param door What web.config of `options` says; null when there is none.
  /// @param listen_fd A socket that listens already, instead of the configuration's address; -1
  /// for none. It is ours from now on.
  daemon(std::string file, settings_ptr options, catalogue_ptr queries,
         std::optional<loaded_web_door> door, int listen_fd = -1);
  daemon(const daemon&) = delete;
  daemon& operator=(const daemon&) = delete;
  ~daemon();

  /// Takes the listen address and starts all actors. ec::listen_failed when it can't be had.
  [[nodiscard]] caf::error start();

  /// Reads the configuration file again. A wrong one changes nothing and is logged with every
  /// fault; a right one is followed, but for the listen address, the limits of
  /// the HTTP server and state_dir, which the log names when they changed.
  void reload();

  /// Ends in order: consoles, discovery, polls (a second to end, then half a second after they were
  /// cancelled), connections, the page. Takes two seconds at most, whatever hangs. With `cluster`
  /// what is ours is handed over first, which takes ten at most.
  void stop();

  /// The SCHEDULER's heartbeats since the start.
  [[nodiscard]] uint64_t heartbeats() const noexcept { return pulse_->beats(); }

  /// How many backends are up, and known: a sentence.
  [[nodiscard]] std::string status() const;

private:
  void serve();
  void show_certificate(const web_door& door);
  void say_where_served() const;
  void start_actors();
  void start_cluster();
  [[nodiscard]] caf::expected<int> listen_for_consoles() const;
  void start_console(int socket);
  void start_desk();
  scheduler_arguments make_scheduler_arguments();
  [[nodiscard]] console_sources make_sources() const;

  std::string file_;
  settings_ptr options_;
  settings_ptr began_with_; ///< What is in force of what a reload does not change.
  std::shared_ptr<std::atomic<catalogue_ptr>> queries_;
  std::optional<loaded_web_door> door_;
  int listen_fd_;
  std::shared_ptr<daemon_metrics> metrics_;
  std::shared_ptr<heartbeat> pulse_;
  std::shared_ptr<snapshot_cell> backends_;
  std::shared_ptr<fleet_cell> clusters_;
  discovery_metrics discovery_metrics_;
  std::shared_ptr<fleet_journal> journal_;
  std::shared_ptr<session_ledger> sessions_; ///< This and what follows: null without `cluster`.
  std::shared_ptr<lingering> left_;
  std::shared_ptr<cluster_cell> sharing_;
  std::unique_ptr<cluster_metrics> cluster_metrics_;
  std::shared_ptr<event_hub> events_;
  std::shared_ptr<desk_line> desk_line_;
  std::unique_ptr<http_server> http_;

  descriptor_plan descriptors_;
  log_summary alike_;
  system_configuration configuration_;
  caf::actor_system system_; // ends before what its actors use
  worker_actor worker_;
  gate_actor gate_;
  registry_actor registry_;
  scheduler_actor scheduler_;
  fleet_actor fleet_;
  cluster_actor cluster_; ///< Null without `cluster`.
  discovery_actor discovery_;
  desk_actor desk_;
  console_actor console_;      ///< Null when there is no socket for it.
  std::string console_socket_; ///< ... which is here; a reload does not move it.
};

} // namespace pgstatsmon
