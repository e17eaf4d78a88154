// Options of the discovery sources, and of the backends that they list.
#pragma once

#include "config/connect_parameters.hpp"
#include "config/etcd_settings.hpp"
#include "messages/backend.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pgstatsmon {

using std::chrono::milliseconds;

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

} // namespace pgstatsmon
