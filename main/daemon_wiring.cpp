// The daemon's actors and routes: who is told of whom.
#include "actors/backend/connection.hpp"
#include "actors/backend/gate.hpp"
#include "actors/backend/pq_session.hpp"
#include "actors/backend/worker.hpp"
#include "actors/cluster/cluster.hpp"
#include "actors/cluster/engines.hpp"
#include "actors/console/console.hpp"
#include "actors/console/unix_socket.hpp"
#include "actors/discovery/discovery.hpp"
#include "actors/discovery/sources.hpp"
#include "actors/exposition/api.hpp"
#include "actors/exposition/health.hpp"
#include "actors/exposition/live.hpp"
#include "actors/exposition/orders.hpp"
#include "actors/exposition/pages.hpp"
#include "actors/exposition/service_discovery.hpp"
#include "actors/fleet/fleet.hpp"
#include "actors/reactor/reactor_pool.hpp"
#include "actors/registry/registry.hpp"
#include "config/log.hpp"
#include "main/backend_actors.hpp"
#include "main/daemon.hpp"

#include <caf/io/middleman.hpp>
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <random>
#include <string>
#include <utility>

namespace pgstatsmon {

namespace {

double chance() {
  static thread_local std::mt19937_64 random{std::random_device{}()};
  return std::uniform_real_distribution<double>{0, 1}(random);
}

double unix_time() {
  using namespace std::chrono;
  return duration<double>{system_clock::now().time_since_epoch()}.count();
}

/// A name for this run of the program.
std::string life_of_process() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

} // namespace

void daemon::serve() {
  http_options options;
  options.ip = options_->target.ip;
  options.port = options_->target.port;
  options.listen_fd = listen_fd_;
  options.max_connections = descriptors_.page_clients;
  options.timeout = options_->web.timeout;
  if (door_) {
    options.guard = std::make_shared<web_guard>(options_->web.config, *door_,
                                                [this](const web_door& x) { show_certificate(x); });
    show_certificate(*door_->door);
    for (const auto& x : door_->door->warnings)
      say(spdlog::level::warn, log_event::web_config_warning, "{}", x);
  }
  http_ = std::make_unique<http_server>(std::move(options));
  page_sources pages{backends_, [cell = queries_] { return cell->load(); }, metrics_, clusters_};
  pages.left = left_;
  pages.sharing = sharing_;
  add_pages(*http_, pages, options_->target.route);
  add_health(*http_, pulse_, sharing_);
  add_api(*http_, make_sources(), desk_line_);
  add_live(*http_, {make_sources(), journal_, events_, options_->web.orders});
  if (options_->web.orders)
    add_orders(*http_, make_sources(), desk_line_);
  add_service_discovery(*http_, backends_, sharing_, pulse_,
                        backends_route(options_->target.route));
}

void daemon::start_actors() {
  worker_ = system_.spawn(worker, system_tasks());
  gate_ = system_.spawn(gate, descriptors_,
                        gate_metrics{.connecting = &metrics_->connecting,
                                     .waiting = &metrics_->waiting,
                                     .without_descriptor = &metrics_->without_descriptor},
                        &alike_, options_->connections.max_connecting);
  registry_ = system_.spawn(registry, backends_, options_->stale_after);
  scheduler_ = system_.spawn(scheduler, make_scheduler_arguments());
  fleet_ = system_.spawn(fleet, fleet_arguments{.backends = backends_,
                                                .view = clusters_,
                                                .options = options_,
                                                .unix_time = unix_time});
  start_cluster();
  auto listener = cluster_ ? backend_listener_actor{cluster_} : backend_listener_actor{scheduler_};
  discovery_ = system_.spawn(discovery, listener, reconfigured{options_, queries_->load()},
                             &discovery_metrics_, source_starter{start_source});
}

void daemon::start_cluster() {
  if (!options_->cluster)
    return;
  cluster_ = system_.spawn<caf::detached>(
    cluster,
    cluster_arguments{.configuration = {options_, queries_->load()},
                      .scheduler = scheduler_,
                      .start_engine = engine_of(*options_, worker_, reactor_pool::of(system_),
                                                discovery_metrics_.etcd()),
                      .sessions = sessions_,
                      .backends = backends_,
                      .left = left_,
                      .view = sharing_,
                      .metrics = cluster_metrics_.get(),
                      .life = life_of_process(),
                      .chance = chance,
                      .unix_time = unix_time});
}

caf::expected<int> daemon::listen_for_consoles() const {
  const auto& [path, asked_for] = options_->console;
  if (path.empty())
    return -1;
  auto socket = listen_at(path);
  if (socket || asked_for)
    return socket;
  say(spdlog::level::info, log_event::console_missing, "{}", sentence_of(socket.error()));
  return -1;
}

void daemon::start_console(int socket) {
  if (socket < 0)
    return;
  console_socket_ = options_->console.socket;
  console_ = system_.middleman().spawn_broker(console, console_arguments{.socket = socket,
                                                                         .sources = make_sources(),
                                                                         .scheduler = scheduler_,
                                                                         .discovery = discovery_});
}

void daemon::start_desk() {
  auto describe = [](const fleet_news& x) { return news_json(x); };
  desk_ = system_.spawn<caf::detached>(desk, desk_arguments{.scheduler = scheduler_,
                                                            .backends = backends_,
                                                            .pulse = pulse_,
                                                            .journal = journal_,
                                                            .events = events_,
                                                            .unix_time = unix_time,
                                                            .describe = describe});
  desk_line_->connect(desk_);
}

console_sources daemon::make_sources() const {
  return {.actors = configuration_.actors,
          .backends = backends_,
          .queries = [cell = queries_] { return cell->load(); },
          .pulse = pulse_,
          .fleet = clusters_,
          .sharing = sharing_};
}

scheduler_arguments daemon::make_scheduler_arguments() {
  auto read_together = std::make_shared<fleet_bytes>(0);
  auto context = std::make_shared<const connection_context>(
    connection_context{.sockets = reactor_pool::of(system_),
                       .worker = worker_,
                       .gate = gate_,
                       .alike = &alike_,
                       .sessions = pq_sessions(read_together),
                       .chance = chance,
                       .unix_time = unix_time,
                       .consoles = console_sessions(read_together)});
  return {.options = options_,
          .queries = queries_->load(),
          .registry = registry_,
          .spawn_backend = backend_actors(registry_, context, sessions_),
          .chance = chance,
          .metrics = {.backends = &metrics_->backends,
                      .in_flight = &metrics_->in_flight,
                      .stretch = &metrics_->interval_stretch,
                      .tick_duration = &metrics_->tick_seconds,
                      .slot_wait = &metrics_->slot_wait,
                      .pulse = pulse_.get(),
                      .fleet = &metrics_->fleet}};
}

} // namespace pgstatsmon
