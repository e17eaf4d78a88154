// Start, signals, exit codes: 0 after SIGTERM or SIGINT, 1 for what is wrong here, 2 for usage.
#include "actors/discovery/discover_once.hpp"
#include "actors/exposition/orders.hpp"
#include "actors/exposition/web_door.hpp"
#include "config/catalogue.hpp"
#include "config/descriptors.hpp"
#include "config/log.hpp"
#include "config/settings.hpp"
#include "main/check.hpp"
#include "main/command_line.hpp"
#include "main/console_client.hpp"
#include "main/daemon.hpp"
#include "main/heap.hpp"
#include "main/lint.hpp"
#include "main/print_setup.hpp"
#include "main/systemd.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <ctime>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <thread>

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

namespace pgstatsmon {

namespace {

/// How long an ordered end may take before the process ends all the same.
constexpr auto patience = std::chrono::seconds{8};

/// ... beyond that, if others have to take over what we watch.
constexpr auto hand_over_patience = std::chrono::seconds{10};

/// How long events that are on their way may take then.
constexpr auto end_of_events = std::chrono::milliseconds{500};

sigset_t our_signals() {
  sigset_t result;
  sigemptyset(&result);
  for (auto x : {SIGINT, SIGTERM, SIGHUP})
    sigaddset(&result, x);
  return result;
}

/// Threads inherit the mask, so this comes before any of them.
void block_signals() {
  auto signals = our_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

/// While the daemon ends: a second signal, or an end that takes too long, ends the process.
void guard_the_end(const std::stop_token& ended, std::chrono::seconds limit) {
  auto signals = our_signals();
  sigdelset(&signals, SIGHUP);
  auto deadline = std::chrono::steady_clock::now() + limit;
  timespec pause{.tv_sec = 0, .tv_nsec = 50'000'000};
  while (!ended.stop_requested()) {
    if (auto number = sigtimedwait(&signals, nullptr, &pause); number > 0)
      _exit(128 + number);
    if (std::chrono::steady_clock::now() > deadline) {
      stop_events(end_of_events);
      stop_logging();
      _exit(EXIT_SUCCESS);
    }
  }
}

/// Sockets of clients and of backends may be more than the 1024 that a service begins with.
void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int give_up(const caf::error& error) {
  say_lines(spdlog::level::critical, {.event = log_event::start_failed}, {}, sentence_of(error));
  return EXIT_FAILURE;
}

/// Feeds the service manager and looks after the heap until a signal comes; that signal.
int next_signal(const daemon& all, service_manager& manager, heap_keeper& heap) {
  auto signals = our_signals();
  timespec pulse{.tv_sec = 1, .tv_nsec = 0};
  for (;;) {
    auto number = sigtimedwait(&signals, nullptr, &pulse);
    manager.feed(all.heartbeats());
    manager.status(all.status());
    heap.look(std::chrono::steady_clock::now());
    if (number > 0)
      return number;
  }
}

void reload(daemon& all, service_manager& manager, heap_keeper& heap) {
  manager.reloading();
  all.reload();
  heap.configuration_was_read();
  manager.ready();
}

int run(const std::string& file, settings_ptr options, catalogue_ptr queries,
        std::optional<loaded_web_door> door) {
  start_logging(options->log);
  start_events(options->events);
  for (const auto& x : options->warnings)
    say(spdlog::level::warn, log_event::configuration_warning, "{}", x);
  if (auto warning = descriptor_warning(*options, descriptor_limit()); !warning.empty())
    say(spdlog::level::warn, log_event::configuration_warning, "{}", warning);
  auto socket = take_listen_socket();
  if (!socket)
    return give_up(socket.error());
  auto shares = options->cluster.has_value();
  auto all = std::make_unique<daemon>(file, std::move(options), std::move(queries), std::move(door),
                                      *socket);
  if (auto error = all->start())
    return give_up(error);
  service_manager manager;
  manager.ready();
  heap_keeper heap{std::chrono::steady_clock::now()};
  while (next_signal(*all, manager, heap) == SIGHUP)
    reload(*all, manager, heap);
  manager.stopping();
  say(spdlog::level::info, log_event::ending, "ending");
  std::jthread guard{guard_the_end, shares ? patience + hand_over_patience : patience};
  all->stop();
  all.reset(); // may take its time, too
  return EXIT_SUCCESS;
}

int complain(const caf::error& error) {
  fmt::print(stderr, "{}\n", sentence_of(error));
  return EXIT_FAILURE;
}

int work(const command_line& todo) {
  auto loaded =
    load_settings(todo.file, todo.discover ? reading_for::checking : reading_for::running);
  if (!loaded)
    return complain(loaded.error());
  auto queries = load_queries(*loaded, todo.file);
  if (!queries)
    return complain(queries.error());
  if (todo.discover)
    return run_discover(*loaded, **queries, todo.json, std::cout);
  std::optional<loaded_web_door> door;
  if (!loaded->web.config.empty()) {
    door = load_web_door(loaded->web.config, std::time(nullptr));
    if (door->door == nullptr)
      return complain(door->error);
    if (auto error = orders_fault(*loaded, door->door->config, todo.file))
      return complain(error);
  }
  return run(todo.file, std::make_shared<const settings>(std::move(*loaded)), *queries,
             std::move(door));
}

} // namespace

int process(int argc, char** argv) {
  auto parsed = parse_command_line(argc, argv);
  if (const auto* code = std::get_if<exit_code>(&parsed))
    return static_cast<int>(*code);
  const auto& todo = std::get<command_line>(parsed);
  if (todo.console)
    return run_console(*todo.console);
  if (todo.lint)
    return run_lint(*todo.lint, std::cout, std::cerr);
  block_signals();
  raise_file_limit();
  curl_global_init(CURL_GLOBAL_DEFAULT);
  auto result = EXIT_FAILURE;
  try {
    result = todo.check ? run_check(todo.file, std::cout, std::cerr)
             : todo.print_setup
               ? run_print_setup(todo.file, *todo.print_setup, std::cout, std::cerr)
               : work(todo);
  } catch (const std::exception& error) {
    fmt::print(stderr, "pgstatsmon: {}\n", error.what());
  }
  stop_events(end_of_events);
  stop_logging();
  return result;
}

} // namespace pgstatsmon

int main(int argc, char** argv) {
  return pgstatsmon::process(argc, argv);
}
