// The daemon: start, reload, stop.
#include "main/daemon.hpp"

#include "actors/backend/gate.hpp"
#include "actors/cluster/cluster.hpp"
#include "actors/console/console.hpp"
#include "actors/discovery/discovery.hpp"
#include "actors/fleet/fleet.hpp"
#include "actors/reactor/reactor_pool.hpp"
#include "actors/registry/registry.hpp"
#include "config/collect.hpp"
#include "config/labels.hpp"
#include "config/log.hpp"

#include <caf/io/middleman.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <thread>

namespace pgstatsmon {

namespace {

/// What stop() gives the SCHEDULER: a second for polls, half a second for cancelled ones, and some.
constexpr auto stop_limit = std::chrono::milliseconds{1800};

/// What stop() gives CLUSTER: it needs ten seconds at most.
constexpr auto hand_over_limit = std::chrono::seconds{11};

/// What stop() gives the CONSOLE, which has nothing to wait for.
constexpr auto console_limit = std::chrono::milliseconds{200};

/// Whatever the machine has beyond that is left to the threads of the page, and to others.
constexpr size_t max_reactors = 4;

/// Browsers that may have their page open: the smaller part of the page's clients.
size_t listeners_of(const descriptor_plan& x) {
  constexpr uint64_t most = 64;
  return std::clamp<uint64_t>(x.page_clients / 4, 1, most);
}

/// @param in_force What the process began with: nothing of it changes later.
void say_what_needs_a_restart(const settings& in_force, const settings& now) {
  auto changed = [](std::string_view option) {
    say(spdlog::level::warn, log_event::restart_needed,
        "{} changed: that takes effect after a restart", option);
  };
  if (in_force.target.ip != now.target.ip || in_force.target.port != now.target.port)
    changed("target.ip or target.port");
  if (in_force.target.route != now.target.route)
    changed("target.route");
  if (in_force.state_dir != now.state_dir)
    changed("state_dir");
  if (in_force.console != now.console)
    changed("console");
  if (in_force.web != now.web)
    changed("web");
  if (in_force.cluster != now.cluster)
    changed("cluster");
}

} // namespace

system_configuration::system_configuration() {
  add_message_types<caf::id_block::pgstatsmon>();
  // A core is never waited for by more than one of them; what they do is short.
  set("scheduler.max-threads",
      std::clamp<size_t>(std::thread::hardware_concurrency(), 1, max_reactors));
  load<reactor_pool>();
  load<caf::io::middleman>();
}

caf::expected<catalogue_ptr> load_queries(const settings& x, const std::string& file) {
  auto result = !x.queries.empty()         ? load_catalogue(x.queries)
                : !x.added_queries.empty() ? extend_catalogue(x.added_queries)
                                           : caf::expected<catalogue_ptr>{built_in_catalogue()};
  if (!result)
    return result;
  *result = in_words_of(*result, x.families);
  for (auto* check : {check_static_labels, check_collect})
    if (auto error = check(x, **result, file))
      return error;
  return result;
}

daemon::daemon(std::string file, settings_ptr options, catalogue_ptr queries,
               std::optional<loaded_web_door> door, int listen_fd)
  : file_{std::move(file)},
    options_{std::move(options)},
    began_with_{options_},
    queries_{std::make_shared<std::atomic<catalogue_ptr>>(std::move(queries))},
    door_{std::move(door)},
    listen_fd_{listen_fd},
    metrics_{std::make_shared<daemon_metrics>(options_->target.metadata)},
    pulse_{std::make_shared<heartbeat>(std::chrono::steady_clock::now())},
    backends_{std::make_shared<snapshot_cell>()},
    clusters_{std::make_shared<fleet_cell>()},
    discovery_metrics_{metrics_->registry()},
    journal_{std::make_shared<fleet_journal>()},
    events_{
      std::make_shared<event_hub>(listeners_of(plan_descriptors(descriptor_limit(), *options_)))},
    desk_line_{std::make_shared<desk_line>()},
    descriptors_{plan_descriptors(descriptor_limit(), *options_)},
    system_{configuration_} {
  metrics_->fleet.show(options_->own);
  metrics_->reserved_descriptors.Set(static_cast<double>(descriptors_.reserved()));
  if (!options_->cluster)
    return;
  sessions_ = std::make_shared<session_ledger>();
  left_ = std::make_shared<lingering>();
  sharing_ = std::make_shared<cluster_cell>();
  cluster_metrics_ = std::make_unique<cluster_metrics>(metrics_->registry());
}

daemon::~daemon() = default;

caf::error daemon::start() {
  serve();
  if (auto error = http_->start())
    return error;
  // What can't be had is found before any actor runs.
  auto console_socket = listen_for_consoles();
  if (!console_socket)
    return std::move(console_socket.error());
  start_actors();
  start_console(*console_socket);
  start_desk();
  say_where_served();
  return {};
}

void daemon::say_where_served() const {
  auto secure = door_ && door_->door->tls != nullptr;
  if (listen_fd_ >= 0)
    say(spdlog::level::info, log_event::serving, "serving {} on the socket from systemd",
        options_->target.route);
  else
    say(spdlog::level::info, log_event::serving, "serving {}://{}:{}{}", secure ? "https" : "http",
        options_->target.ip, http_->port(), options_->target.route);
  if (http_->is_local())
    return;
  if (auto warning = exposure_warning(door_ ? door_->door.get() : nullptr); !warning.empty())
    say(spdlog::level::warn, log_event::page_exposed, "{}", warning);
}

void daemon::show_certificate(const web_door& door) {
  metrics_->set_certificate_expiry(door.tls ? std::optional{static_cast<double>(door.tls->expiry())}
                                            : std::nullopt);
}

void daemon::reload() {
  auto loaded = load_settings(file_);
  auto queries =
    loaded ? load_queries(*loaded, file_) : caf::expected<catalogue_ptr>{loaded.error()};
  if (!queries) {
    say_lines(spdlog::level::err, {.event = log_event::configuration_refused},
              "the new configuration is wrong, the old one stays: ", sentence_of(queries.error()));
    return;
  }
  auto options = std::make_shared<const settings>(std::move(*loaded));
  for (const auto& x : options->warnings)
    say(spdlog::level::warn, log_event::configuration_warning, "{}", x);
  say_what_needs_a_restart(*began_with_, *options);
  start_logging(options->log);
  start_events(options->events);
  metrics_->set_labels(options->target.metadata);
  metrics_->fleet.show(options->own);
  if ((*queries)->queries() != queries_->load()->queries()) {
    queries_->store(*queries);
    say(spdlog::level::info, log_event::configuration_read,
        "the queries changed: every backend starts anew");
  }
  options_ = options;
  reconfigured news{options, queries_->load()};
  caf::anon_send(registry_, news);
  caf::anon_send(gate_, news);
  caf::anon_send(fleet_, news);
  caf::anon_send(scheduler_, news);
  if (cluster_)
    caf::anon_send(cluster_, news);
  caf::anon_send(discovery_, news);
  say(spdlog::level::info, log_event::configuration_read, "the configuration was read again");
}

void daemon::stop() {
  caf::scoped_actor self{system_};
  if (console_) {
    self->request(console_, console_limit, caf::close_atom_v)
      .receive([](caf::ok_atom) {}, [](const caf::error&) { /* nothing waits for it */ });
    self->send_exit(console_, caf::exit_reason::user_shutdown);
    std::error_code gone_already;
    std::filesystem::remove(console_socket_, gone_already);
  }
  desk_line_->connect({});
  self->send_exit(desk_, caf::exit_reason::user_shutdown);
  self->send_exit(discovery_, caf::exit_reason::user_shutdown);
  if (cluster_) {
    self->request(cluster_, hand_over_limit, caf::close_atom_v)
      .receive([](caf::ok_atom) {}, [](const caf::error&) { /* it has said why */ });
    self->send_exit(cluster_, caf::exit_reason::user_shutdown);
  }
  self->request(scheduler_, stop_limit, caf::close_atom_v)
    .receive([](caf::ok_atom) {},
             [](const caf::error& error) {
               say(spdlog::level::warn, log_event::end_forced,
                   "not every backend ended in time: {}", caf::to_string(error));
             });
  self->send_exit(scheduler_, caf::exit_reason::user_shutdown);
  self->send_exit(fleet_, caf::exit_reason::user_shutdown);
  self->send_exit(registry_, caf::exit_reason::user_shutdown);
  self->send_exit(worker_, caf::exit_reason::user_shutdown);
  self->send_exit(gate_, caf::exit_reason::user_shutdown);
  http_->stop();
}

std::string daemon::status() const {
  auto all = backends_->get();
  auto up = std::ranges::count_if(*all, [](const auto& x) { return x->up(); });
  return fmt::format("{} of {} backends up", up, all->size());
}

} // namespace pgstatsmon
