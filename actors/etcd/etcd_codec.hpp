// What etcd's JSON gateway is told, and how its answers are read. Pure.
#pragma once

#include "actors/etcd/etcd_api.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pgstatsmon {

/// What stands at the head of every answer.
struct etcd_header {
  uint64_t cluster = 0;
  uint64_t raft_term = 0;
  int64_t revision = 0;
};

/// A good answer. Every field may be missing: what has its default is left out.
struct etcd_document {
  nlohmann::json root; ///< An object.
  etcd_header header;
};

/// An answer that is none, and what is to be done about it.
struct etcd_error {
  etcd_problem problem;
  bool token = false;    ///< Authenticating anew may help. Nothing has been done.
  bool endpoint = false; ///< Another endpoint may do better.
};

/// A request: a path below the endpoint, and what is posted to it.
struct etcd_request {
  std::string path;
  std::string body;
  bool reads = false; ///< May be sent again, whatever has become of it.
};

/// The first key that is beyond all those that begin so; `"\0"`, which is etcd's infinity, when
/// there is none.
std::string prefix_end(std::string prefix);

etcd_request range_request(const std::string& prefix);
etcd_request put_request(const etcd_put& x);
etcd_request create_request(const std::vector<etcd_create>& xs);
etcd_request remove_request(const std::vector<etcd_remove>& xs);
etcd_request grant_request(std::chrono::seconds ttl);
etcd_request keepalive_request(int64_t lease);
etcd_request revoke_request(int64_t lease);
etcd_request watch_request(const std::string& prefix);
etcd_request authenticate_request(const std::string& user, const std::string& password);

/// Reads any answer. `{"result": ...}`, as streams have it, is taken off. Never throws.
std::variant<etcd_document, etcd_error> read_answer(long status, std::string_view body);

// What the answers to the requests say. A field that is missing or of another type has its default.
etcd_range read_range(const etcd_document& x);
std::vector<etcd_created> read_created(const etcd_document& x, const std::vector<etcd_create>& of);
std::vector<etcd_removed> read_removed(const etcd_document& x, size_t count);

/// A lease; its ttl is 0 when it is lost.
etcd_lease read_lease(const etcd_document& x);

std::string read_token(const etcd_document& x);

/// A message of a watch.
struct etcd_watch_message {
  enum class kind : uint8_t {
    created, ///< From now on every change comes.
    events,  ///< Keys have changed.
    other,   ///< Nothing that matters.
    ended,   ///< No more will come.
  };
  kind what = kind::other;
  std::vector<std::string> keys{}; ///< That have changed.
  std::string reason{};            ///< Of the end.
  bool token = false;              ///< Authenticating anew may help.
};

etcd_watch_message read_watch(const etcd_document& x);

/// The version of an endpoint, from the answer to `GET /version`.
/// @returns what is wrong with it; empty: it is 3.4 or later.
std::string version_fault(std::string_view body);

} // namespace pgstatsmon
