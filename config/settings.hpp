// The configuration file: every option with its type, unit and default.
#pragma once

#include "config/catalogue.hpp"
#include "config/cluster_settings.hpp"
#include "config/connect_parameters.hpp"
#include "config/fault.hpp"
#include "config/own_metrics.hpp"
#include "config/source_settings.hpp"
#include "messages/backend.hpp"

#include <caf/expected.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgstatsmon {

using std::chrono::milliseconds;

/// `connections`: how backends are connected to and how long they may take.
struct connection_settings {
  milliseconds query_timeout{1000};   ///< Of one query; > 0.
  milliseconds connect_timeout{3000}; ///< Of one attempt, name resolution included; > 0.
  uint32_t connect_retries = 3;       ///< Failed attempts in a row before `error` is logged.
  milliseconds max_age{3'600'000};    ///< Of a session, spread by 20 %; 0: it is never replaced.
  uint32_t max_connecting = 64;       ///< Connection attempts at once; 1..1000.
  uint32_t max_in_flight = 10;        ///< Backends polled at once; 1..1000.
  uint64_t max_query_bytes = 16ULL << 20;  ///< Read for one query; 64 KiB..1 GiB.
  uint64_t max_poll_bytes = 64ULL << 20;   ///< ... for one poll.
  uint64_t max_fleet_bytes = 256ULL << 20; ///< ... for all polls under way.
  uint32_t max_query_rows = 100'000;       ///< Of one query; 1..10,000,000.
  bool guards = true;                      ///< False: settings go with each query, as if pooled.
  connect_parameters parameters;           ///< Come before our own.

  friend bool operator==(const connection_settings&, const connection_settings&) = default;
};

/// `target`: where and how the page is served.
struct target_settings {
  std::string ip = "127.0.0.1";   ///< Literal IPv4/IPv6 address to listen on.
  uint16_t port = 9187;           ///< 1..65535; 0 lets the system choose, and the log says which.
  std::string route = "/metrics"; ///< Path of the page.
  label_list metadata;            ///< Static labels of every series.

  friend bool operator==(const target_settings&, const target_settings&) = default;
};

/// `setup`: what creates the role on a primary where it is missing.
struct setup_settings {
  bool enabled = true;
  std::string user = "postgres"; ///< Role that may create roles.
  std::string password_file;     ///< Read at every attempt; empty: no password.

  friend bool operator==(const setup_settings&, const setup_settings&) = default;
};

/// `log`.
struct log_settings {
  enum class form : uint8_t { human, json };
  form format = form::human;
  std::string level = "info"; ///< trace, debug, info, warn, error or fatal; LOG_LEVEL wins.

  friend bool operator==(const log_settings&, const log_settings&) = default;
};

/// `events`: what happened, for programs.
struct event_settings {
  std::string file;                      ///< Empty: nowhere; `stdout`: standard output.
  uint64_t max_bytes = 64ULL << 20;      ///< Of the file; the one before it is kept, too.
  milliseconds blocked_for{10'000};      ///< A session that waits so long for a lock is an event.
  milliseconds transaction_for{300'000}; ///< So is a transaction that is open for so long.

  [[nodiscard]] bool is_standard_output() const { return file == "stdout"; }

  friend bool operator==(const event_settings&, const event_settings&) = default;
};

/// `web`: who may have the page, and limits of the HTTP server.
struct web_settings {
  std::string config; ///< Web configuration; empty: no TLS, and the page is everybody's.
  uint32_t max_connections = 512; ///< More are refused; 1..65535.
  milliseconds timeout{10'000};   ///< An idle or slow client is closed after this.
  bool orders = false;            ///< The page may poll, pause and resume; needs users in `config`.

  friend bool operator==(const web_settings&, const web_settings&) = default;
};

/// `console`.
struct console_settings {
  /// Unix socket; empty: no console. Default: in RUNTIME_DIRECTORY, where systemd sets that.
  std::string socket = "/run/pgstatsmon/console.sock";
  bool asked_for = false; ///< The file names the socket, so that having none is a fault.

  friend bool operator==(const console_settings&, const console_settings&) = default;
};

/// Everything the file says. Immutable once parsed.
struct settings {
  milliseconds interval{10'000};         ///< Between two polls of a backend; > 0.
  milliseconds longest_interval{10'000}; ///< ... of an idle one; the same unless `auto`.
  milliseconds stale_after{60'000};      ///< Default: three of these, at least one minute.
  shard_settings shard{};
  std::optional<cluster_settings> cluster{}; ///< Nothing: the fleet is ours alone.
  connection_settings connections;
  target_settings target;
  std::string user = "pgstatsmon"; ///< The role that polls.
  std::string password_file; ///< Its password, read at every connect; empty: none, or libpq's.
  std::string database = "postgres";
  uint16_t backend_port = 5432;
  setup_settings setup;
  std::string queries;       ///< Directory of query definitions; empty: those compiled in.
  std::string added_queries; ///< Directory of definitions beside those; empty: none.
  collect_settings collect{};
  database_settings databases{};
  vocabulary families = vocabulary::original;
  own_metrics own = own_metrics::contract; ///< `own_metrics`.
  log_settings log;
  event_settings events;
  web_settings web;
  console_settings console;
  std::string state_dir; ///< Where discovery keeps its last good lists; empty: nowhere.

  std::map<std::string, std::string> roles; ///< Role (tag value) to database.
  std::vector<static_backend>
    static_backends; ///< Empty when `vmapi` is given, unless `discovery: both`.
  std::vector<vmapi_settings> vmapi;
  std::vector<file_source_settings> files;
  std::vector<http_sd_settings> http_sd;
  std::vector<dns_settings> dns;

  /// Every static label that the file says: where, and `what` is its name.
  std::vector<fault> static_labels;

  /// The sets and the queries that `collect` names anywhere: where, and `what` is the name.
  std::vector<fault> set_names;
  std::vector<fault> query_names;

  /// What of both stands where the kind of the backends is known, and which it is: the labels of
  /// sources of pgbouncers, the queries that are switched on.
  std::vector<fault> console_labels;
  std::vector<std::pair<fault, backend_kind>> queries_on;

  std::vector<std::string> warnings; ///< What is right but surprising, a sentence each.

  std::vector<patroni_settings> patroni; ///< Sources, like `dns`.

  friend bool operator==(const settings&, const settings&) = default;
};

/// The database that an entry of the static list names, or that is meant by its kind.
std::string database_of(const static_backend& x, const settings& of);

/// Whether a configuration says of any backend that it is a pgbouncer.
bool watches_consoles(const settings& x);

/// Settings that several actors share.
using settings_ptr = std::shared_ptr<const settings>;

/// What a configuration is read for.
enum class reading_for : uint8_t {
  running,  ///< All that it names must be there.
  checking, ///< What only the service manager knows (`%d/`) may be missing, which is a warning.
};

/// Parses the text of a configuration file, JSON or YAML.
/// @returns the settings, or ec::bad_configuration with every fault on a line of its own.
/// Secrets are never part of a fault: files are named, their content is not. Of files that the text
/// names it only asks whether they can be read. Relative paths in it are relative to the directory
/// of `file`, and `%d/` is CREDENTIALS_DIRECTORY; in the result they stand resolved. Never throws.
caf::expected<settings> parse_settings(std::string_view text, const std::string& file,
                                       reading_for what = reading_for::running);

/// Reads and parses a configuration file; ec::unreadable_file when it can't be read. Never throws.
caf::expected<settings> load_settings(const std::string& file,
                                      reading_for what = reading_for::running);

/// Every option that the parser knows, as dotted paths in the order of the example file:
/// `interval`, `connections.query_timeout`, `static.dbs[].name`, `vmapi[].tags.nic_tag`.
std::vector<std::string> known_options();

/// What would be watched and served, for `--check`: a few lines for a person.
/// @param scheme The page's, as the web configuration has it.
std::string explain(const settings& x, std::string_view scheme = "http");

} // namespace pgstatsmon
