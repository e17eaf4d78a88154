// The configuration file: every option with its type, unit and default.
#pragma once

#include "config/catalogue.hpp"
#include "config/connect_parameters.hpp"
#include "config/etcd_settings.hpp"
#include "config/fault.hpp"
#include "config/own_metrics.hpp"
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

/// What lets us into the backends of a source, or into one entry's. What is empty comes from a
/// wider place.
struct access_settings {
  std::string password_file;     ///< The polling role's, read at every connect.
  connect_parameters parameters; ///< libpq's; they win over those of all.

  friend bool operator==(const access_settings&, const access_settings&) = default;
};

/// What `tables` says in one place. What it does not say a wider place says.
struct table_settings {
  std::optional<std::vector<std::string>> include;
  std::optional<std::vector<std::string>> exclude;

  friend bool operator==(const table_settings&, const table_settings&) = default;
};

/// What `collect`, `tables`, `budget` and `activity` say in one place: for all, of a source or of
/// one entry.
struct collect_settings {
  std::optional<std::vector<std::string>> sets; ///< In place of what a wider place says.
  std::vector<std::string> on;                  ///< Queries, whatever their set.
  std::vector<std::string> off;                 ///< The same.
  table_settings tables{};
  std::optional<double> server_share{};  ///< Of one CPU of the server; 1: no limit.
  std::optional<double> own_share{};     ///< Of one CPU of ours; the same.
  std::optional<milliseconds> sample{};  ///< `activity.sample`; 0: with each poll.
  std::optional<bool> statement_texts{}; ///< `activity.texts`

  friend bool operator==(const collect_settings&, const collect_settings&) = default;
};

/// What `databases` says in one place. What it does not say a wider place says.
struct database_settings {
  std::optional<bool> on;
  std::optional<std::vector<std::string>> include;
  std::optional<std::vector<std::string>> exclude;
  std::optional<uint32_t> max;
  std::optional<uint32_t> at_once;
  std::optional<uint32_t> keep;
  std::optional<milliseconds> interval;

  friend bool operator==(const database_settings&, const database_settings&) = default;
};

/// An entry of `static.dbs`. Options that are not given come from the top level.
struct static_backend {
  std::string name;
  std::string ip; ///< Literal address or host name.
  std::optional<uint16_t> port;
  std::optional<std::string> database;
  std::optional<std::string> user;
  std::optional<std::string> role; ///< A key of `roles`: names the database.
  label_list labels{};             ///< Static labels of its series.
  access_settings access{};
  collect_settings collect{};
  database_settings databases{};
  backend_kind kind = backend_kind::postgres;

  friend bool operator==(const static_backend&, const static_backend&) = default;
};

/// HTTP client options, the same for every source that asks a URL.
struct http_settings {
  std::string url;
  milliseconds connect_timeout{5000};
  milliseconds request_timeout{30'000};
  std::string ca_file;          ///< PEM; empty: the system's.
  std::string certificate_file; ///< PEM client certificate.
  std::string key_file;         ///< PEM key of the client certificate.
  std::string basic_auth_file;  ///< One line `user:password`, read at every request.
  uint64_t max_body_bytes = 64ull << 20;

  friend bool operator==(const http_settings&, const http_settings&) = default;
};

/// The second-look rule: when a list that shrinks is believed only if a second poll says the same.
struct shrink_settings {
  double below = 0.5;           ///< Fewer than this share of the last list is suspicious; 0..1.
  uint32_t at_least = 4;        ///< ... when the last list had this many or more; >= 1.
  milliseconds recheck{10'000}; ///< When the second poll happens.

  friend bool operator==(const shrink_settings&, const shrink_settings&) = default;
};

/// An entry of `vmapi`.
struct vmapi_settings {
  std::string name = "vmapi"; ///< Unique among the sources.
  http_settings http;
  milliseconds poll_interval{60'000};
  std::string tag_name;
  std::string tag_value;                    ///< `*` matches any run of characters; anchored.
  std::string nic_tag;                      ///< ECMAScript regular expression, unanchored.
  std::map<std::string, std::string> roles; ///< Tag value to database.
  label_list labels;                        ///< Static labels of its backends.
  access_settings access{};
  collect_settings collect{};
  database_settings databases{};
  backend_kind kind = backend_kind::postgres; ///< Of its backends, unless one says another.
  shrink_settings shrink;

  friend bool operator==(const vmapi_settings&, const vmapi_settings&) = default;
};

/// An entry of `file`.
struct file_source_settings {
  std::string name = "file"; ///< Unique among the sources.
  std::string path;          ///< JSON or YAML.
  label_list labels;
  access_settings access{};
  collect_settings collect{};
  database_settings databases{};
  backend_kind kind = backend_kind::postgres; ///< Of its backends, unless one says another.

  friend bool operator==(const file_source_settings&, const file_source_settings&) = default;
};

/// An entry of `http_sd`.
struct http_sd_settings {
  std::string name = "http_sd"; ///< Unique among the sources.
  http_settings http;
  milliseconds poll_interval{60'000};
  label_list labels;
  access_settings access{};
  collect_settings collect{};
  database_settings databases{};
  backend_kind kind = backend_kind::postgres; ///< Of its backends, unless one says another.
  shrink_settings shrink;

  friend bool operator==(const http_sd_settings&, const http_sd_settings&) = default;
};

/// An entry of `dns`.
struct dns_settings {
  enum class record : uint8_t { srv, a };
  std::string name = "dns"; ///< Unique among the sources.
  std::vector<std::string> names;
  record type = record::srv; ///< `a` asks for A and AAAA, with `backend_port`.
  std::string server;        ///< Literal `address[:port]` of a name server; empty: the system's.
  milliseconds poll_interval{30'000};
  label_list labels;
  access_settings access{};
  collect_settings collect{};
  database_settings databases{};
  backend_kind kind = backend_kind::postgres; ///< Of its backends, unless one says another.
  shrink_settings shrink;

  friend bool operator==(const dns_settings&, const dns_settings&) = default;
};

/// An entry of `patroni`: an etcd that Patroni keeps its clusters in, or members' REST addresses.
struct patroni_settings {
  std::string name = "patroni"; ///< Unique among the sources.
  etcd_settings etcd{};         ///< Without endpoints: `rest` is asked.
  std::string prefix = "/service";
  std::vector<std::string> rest{};   ///< URLs without a path, of any members.
  http_settings http{};              ///< How `rest` is asked.
  std::vector<std::string> scopes{}; ///< `*` matches any run of characters; empty: all.
  milliseconds poll_interval{10'000};
  label_list labels{}; ///< Static labels of its backends, beside `cluster` and `member`.
  access_settings access{};
  collect_settings collect{};
  database_settings databases{};
  backend_kind kind = backend_kind::postgres; ///< No other.
  shrink_settings shrink{};

  friend bool operator==(const patroni_settings&, const patroni_settings&) = default;
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

/// Which part of the fleet this daemon watches.
struct shard_settings {
  uint32_t index = 0; ///< Below `of`.
  uint32_t of = 1;    ///< 1: all of it.

  friend bool operator==(const shard_settings&, const shard_settings&) = default;
};

/// `cluster.postgres`: the PostgreSQL whose rows are leases.
struct lease_rows_settings {
  std::string host;
  uint16_t port = 5432;
  std::string database = "postgres";
  std::string user = "pgstatsmon"; ///< Owns the tables, or may make them.
  std::string password_file{};
  std::string schema = "pgstatsmon";
  connect_parameters parameters{};

  friend bool operator==(const lease_rows_settings&, const lease_rows_settings&) = default;
};

/// `cluster.etcd`: the etcd whose keys are leases.
struct lease_keys_settings {
  etcd_settings how{};                ///< Without endpoints: rows in PostgreSQL are the leases.
  std::string prefix = "/pgstatsmon"; ///< Of all fleets' keys; no slash behind it.

  friend bool operator==(const lease_keys_settings&, const lease_keys_settings&) = default;
};

/// `cluster`: several daemons share a fleet, and say so to an engine.
struct cluster_settings {
  std::string fleet = "pgstatsmon"; ///< Who names the same shares.
  std::string member;               ///< Our name; unique in the fleet.
  std::string advertise;            ///< Where others reach our page: `host:port`.
  double weight = 1;                ///< Of our part; 0.01..100.
  milliseconds ttl{15'000};         ///< Of our lease; 5 s..60 s.
  milliseconds settle{20'000};      ///< Who comes gets nothing before.
  double max_moves = 0.05;          ///< Share of the fleet that moves in an interval.
  bool stop_when_cut_off = false;   ///< `cut_off: stop`.
  lease_keys_settings etcd{};       ///< This, if it has endpoints, or ...
  lease_rows_settings postgres{};   ///< ... this is the engine.

  friend bool operator==(const cluster_settings&, const cluster_settings&) = default;
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
