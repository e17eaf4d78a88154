// The configuration file as a whole; its parts are read in settings_*.cpp.
#include "config/settings.hpp"

#include "config/activity.hpp"
#include "config/budget.hpp"
#include "config/cluster.hpp"
#include "config/collect.hpp"
#include "config/databases.hpp"
#include "config/interval.hpp"
#include "config/read_file.hpp"
#include "config/settings_parts.hpp"
#include "config/shard.hpp"
#include "config/tables.hpp"
#include "config/values.hpp"
#include "messages/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <memory>
#include <tuple>

namespace pgstatsmon {

namespace {

using namespace std::chrono_literals;

// One more than a document may have, so that the parser is who refuses.
constexpr size_t max_file = (16ULL << 20) + 1;

void read_setup(const value& self, setup_settings& x) {
  fields s{self};
  s.get("enabled").read(x.enabled, parse_boolean);
  s.get("user").read(x.user, parse_word);
  s.get("password_file").read(x.password_file, parse_secret_file);
}

void read_log(const value& self, log_settings& x) {
  using form = log_settings::form;
  fields s{self};
  s.get("format").read(x.format, choice<form>({{"human", form::human}, {"json", form::json}}));
  s.get("level").read(x.level, choice<std::string>({{"trace", "trace"},
                                                    {"debug", "debug"},
                                                    {"info", "info"},
                                                    {"warn", "warn"},
                                                    {"error", "error"},
                                                    {"fatal", "fatal"}}));
}

void read_events(const value& self, event_settings& x) {
  fields s{self};
  s.get("file").read(x.file, parse_event_file);
  s.get("max_bytes").read(x.max_bytes, bytes(64ULL << 10, 1ULL << 40));
  s.get("blocked_for").read(x.blocked_for, parse_time);
  s.get("transaction_for").read(x.transaction_for, parse_time);
}

void read_web(const value& self, web_settings& x) {
  fields s{self};
  s.get("config").read(x.config, parse_file);
  s.get("max_connections").read(x.max_connections, integer<uint32_t>(1, 65535));
  s.get("timeout").read(x.timeout, parse_time);
  auto orders = s.get("orders").read(x.orders, parse_boolean);
  if (x.orders && x.config.empty())
    orders.complain("needs users, expected web.config with basic_auth_users");
}

void read_console(const value& self, console_settings& x) {
  fields s{self};
  // systemd's: each instance has a directory of its own.
  if (const auto* directory = std::getenv("RUNTIME_DIRECTORY");
      directory != nullptr && *directory == '/')
    x.socket = std::string{directory, std::strcspn(directory, ":")} + "/console.sock";
  x.asked_for = s.get("socket").read(x.socket, parse_path).given() && !x.socket.empty();
}

bool says(const value& x, std::string_view key) {
  if (!x.given())
    return false;
  const auto& entries = x.node().entries;
  return std::ranges::any_of(entries, [&](const auto& y) { return y.first->text == key; });
}

void read_all(const value& root, settings& x) {
  fields top{root};
  read_polling(top, x);
  read_shard(top.get("shard"), x.shard);
  auto connections = top.get("connections");
  read_connections(connections, x.connections);
  read_target(top.get("target"), x.target);
  read_cluster(top.get("cluster"), x);
  read_setup(top.get("setup"), x.setup);
  read_log(top.get("log"), x.log);
  read_events(top.get("events"), x.events);
  read_web(top.get("web"), x.web);
  read_console(top.get("console"), x.console);
  read_sources(root, top, x);
  if (x.connections.query_timeout >= x.interval)
    root.warn("connections.query_timeout is not less than interval: a slow backend misses ticks");
  if (x.connections.connect_timeout >= x.interval && says(connections, "connect_timeout"))
    root.warn(
      "connections.connect_timeout is not less than interval: a silent backend is tried less "
      "often than it is polled");
}

std::string directory_of(const std::string& file) {
  return std::filesystem::path{file}.parent_path().string();
}

caf::expected<settings> parse(std::string_view text, const std::string& file, reading_for what) {
  auto document = parse_document(text);
  if (document.root == nullptr)
    return make_error({std::move(document.problem)}, file);
  reading run;
  run.directory = directory_of(file);
  run.checking = what == reading_for::checking;
  run.known = known_options();
  settings result;
  const auto* root = document.root.get();
  if (root->type != document_node::kind::object)
    value{run, root, {}, root}.complain_type("an object");
  else
    read_all({run, root, {}, root}, result);
  if (!run.faults.empty())
    return make_error(std::move(run.faults), file);
  result.static_labels = std::move(run.static_labels);
  result.set_names = std::move(run.set_names);
  result.query_names = std::move(run.query_names);
  result.console_labels = std::move(run.console_labels);
  result.queries_on = std::move(run.queries_on);
  std::ranges::stable_sort(run.warnings, {},
                           [](const fault& x) { return std::tie(x.line, x.column); });
  for (const auto& x : run.warnings)
    result.warnings.push_back(to_string(x, file));
  return result;
}

} // namespace

namespace {

/// A directory that replaces what is compiled in, or an object with one that adds to it.
void read_queries(const value& self, settings& x) {
  if (self.given() && self.node().type != document_node::kind::object) {
    self.read(x.queries, parse_directory);
    return;
  }
  fields s{self};
  s.get("add").read(x.added_queries, parse_directory);
}

} // namespace

void read_polling(fields& top, settings& x) {
  auto interval = top.get("interval");
  read_interval(interval, x.interval, x.longest_interval);
  warn_if_short(interval, x.interval);
  x.stale_after = std::max<milliseconds>(3 * x.longest_interval, 1min);
  auto stale_after = top.get("stale_after").read(x.stale_after, parse_time);
  if (x.stale_after < x.longest_interval)
    stale_after.complain("is less than interval: everything would be stale before its next poll");
  top.get("user").read(x.user, parse_word);
  top.get("password_file").read(x.password_file, parse_secret_file);
  top.get("database").read(x.database, parse_word);
  top.get("backend_port").read(x.backend_port, integer<uint16_t>(1, 65535));
  read_queries(top.get("queries"), x);
  read_collect(top.get("collect"), x.collect);
  read_tables(top.get("tables"), x.collect.tables);
  read_budget(top.get("budget"), x.collect);
  read_activity(top.get("activity"), x.collect);
  read_databases(top.get("databases"), x.databases);
  top.get("families")
    .read(x.families, choice<vocabulary>({{"original", vocabulary::original},
                                          {"exporter", vocabulary::exporter},
                                          {"both", vocabulary::both}}));
  top.get("own_metrics")
    .read(x.own, choice<own_metrics>({{"full", own_metrics::full},
                                      {"contract", own_metrics::contract},
                                      {"minimal", own_metrics::minimal}}));
  top.get("state_dir").read(x.state_dir, parse_directory_to_be);
}

void warn_if_short(const value& x, milliseconds interval) {
  if (!x.given() || interval >= 1s)
    return;
  if (x.node().type == document_node::kind::number)
    x.warn(
      fmt::format("is {0} ms, as a number without a unit is: {0}s are seconds", interval.count()));
  else
    x.warn("is less than a second");
}

std::string database_of(const static_backend& x, const settings& of) {
  if (x.kind == backend_kind::pgbouncer)
    return x.database.value_or(std::string{console_database});
  auto role = of.roles.find(x.role.value_or(""));
  return role != of.roles.end() ? role->second : x.database.value_or(of.database);
}

bool watches_consoles(const settings& x) {
  auto is_console = [](const auto& y) { return y.kind == backend_kind::pgbouncer; };
  return std::ranges::any_of(x.static_backends, is_console)
         || std::ranges::any_of(x.vmapi, is_console) || std::ranges::any_of(x.files, is_console)
         || std::ranges::any_of(x.http_sd, is_console) || std::ranges::any_of(x.dns, is_console);
}

caf::expected<settings> parse_settings(std::string_view text, const std::string& file,
                                       reading_for what) {
  try {
    return parse(text, file, what);
  } catch (const std::exception& e) {
    return make_error({fault{0, 0, {}, e.what()}}, file);
  }
}

caf::expected<settings> load_settings(const std::string& file, reading_for what) {
  try {
    auto text = read_file(file, max_file);
    if (!text)
      return std::move(text.error());
    return parse_settings(*text, file, what);
  } catch (const std::exception& e) {
    return caf::make_error(ec::unreadable_file, file + ": " + e.what());
  }
}

std::vector<std::string> known_options() {
  reading run;
  run.describing = true;
  settings unused;
  read_all({run, nullptr, {}, nullptr}, unused);
  return std::move(run.options);
}

} // namespace pgstatsmon
