// Patroni's JSON. Every field may be missing or of another type: members are of many versions.
#include "actors/discovery/patroni_body.hpp"

#include "actors/discovery/target.hpp"
#include "actors/http/json_fields.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <ctime>
#include <map>

namespace pgstatsmon {

namespace {

using nlohmann::json;

uint32_t small_number(const json& x, const char* key) {
  const auto& value = json_field(x, key);
  if (!value.is_number_unsigned())
    return 0;
  auto result = value.get<uint64_t>();
  return result <= UINT32_MAX ? static_cast<uint32_t>(result) : 0;
}

/// `postgres://user@HOST:PORT/database?...`; of several hosts none.
std::optional<target> server_of(std::string_view url) {
  auto begin = url.find("://");
  if (begin == std::string_view::npos)
    return std::nullopt;
  url.remove_prefix(begin + 3);
  url = url.substr(0, url.find_first_of("/?"));
  if (auto user = url.rfind('@'); user != std::string_view::npos)
    url.remove_prefix(user + 1);
  return url.find(',') == std::string_view::npos ? parse_target(url) : std::nullopt;
}

void add_common(const json& x, patroni_member& to) {
  to.state = json_text(x, "state");
  to.timeline = small_number(x, "timeline");
  to.pending_restart = json_flag(x, "pending_restart");
}

/// SCOPE and what follows it; nothing when there is no slash.
std::optional<std::pair<std::string_view, std::string_view>> split(std::string_view key,
                                                                   std::string_view prefix) {
  if (!key.starts_with(prefix))
    return std::nullopt;
  key.remove_prefix(prefix.size());
  auto slash = key.find('/');
  if (slash == std::string_view::npos || slash == 0)
    return std::nullopt;
  return std::pair{key.substr(0, slash), key.substr(slash + 1)};
}

constexpr std::string_view members = "members/";

/// The name of a member, of a path within its scope; empty: it is none.
std::string_view member_of(std::string_view path) {
  if (!path.starts_with(members))
    return {};
  path.remove_prefix(members.size());
  return path.find('/') == std::string_view::npos ? path : std::string_view{};
}

/// What is known of a cluster while its keys are read.
struct draft {
  patroni_cluster cluster;
  std::string leader;
};

void add_key(const etcd_key& x, std::string_view path, draft& to) {
  if (auto name = member_of(path); !name.empty()) {
    auto root = json::parse(x.value, nullptr, false);
    patroni_member member;
    member.name = name;
    add_common(root, member);
    if (auto where = server_of(json_text(root, "conn_url"))) {
      member.address = std::move(where->address);
      member.port = where->port;
    }
    to.cluster.members.push_back(std::move(member));
  } else if (path == "leader") {
    to.leader = x.value;
  } else if (path == "config") {
    auto root = json::parse(x.value, nullptr, false);
    to.cluster.paused = json_flag(root, "pause");
    to.cluster.failsafe = json_flag(root, "failsafe_mode");
  }
}

bool by_name(const patroni_member& a, const patroni_member& b) {
  return a.name < b.name;
}

} // namespace

std::vector<patroni_cluster> read_patroni_keys(const std::vector<etcd_key>& keys,
                                               std::string_view prefix,
                                               const std::vector<std::string>& patterns,
                                               double now) {
  std::map<std::string, draft, std::less<>> drafts;
  size_t count = 0;
  for (const auto& x : keys) {
    auto parts = split(x.key, prefix);
    if (!parts || !is_wanted(std::string{parts->first}, patterns))
      continue;
    if (!member_of(parts->second).empty() && ++count > max_patroni_members)
      continue;
    add_key(x, parts->second, drafts[std::string{parts->first}]);
  }
  std::vector<patroni_cluster> result;
  result.reserve(drafts.size());
  for (auto& [scope, x] : drafts) {
    x.cluster.scope = scope;
    x.cluster.leader = !x.leader.empty();
    x.cluster.seen = now;
    for (auto& member : x.cluster.members)
      member.leader = member.name == x.leader;
    std::sort(x.cluster.members.begin(), x.cluster.members.end(), by_name);
    result.push_back(std::move(x.cluster));
  }
  return result;
}

bool is_patroni_news(std::string_view key, std::string_view prefix,
                     const std::vector<std::string>& known) {
  auto parts = split(key, prefix);
  if (!parts)
    return false;
  auto path = parts->second;
  if (auto name = member_of(path); !name.empty()) {
    auto id = std::string{parts->first} + '/' + std::string{name};
    return !std::binary_search(known.begin(), known.end(), id);
  }
  return path == "leader" || path == "config" || path == "initialize" || path == "failover"
         || path == "sync";
}

std::optional<patroni_cluster> read_patroni_rest(std::string_view cluster,
                                                 std::string_view member) {
  auto root = json::parse(cluster, nullptr, false);
  auto own = json::parse(member, nullptr, false);
  const auto& list = json_field(root, "members");
  patroni_cluster result;
  result.scope = json_text(json_field(own, "patroni"), "scope");
  if (!list.is_array() || result.scope.empty())
    return std::nullopt;
  result.paused = json_flag(root, "pause");
  result.failsafe = json_flag(own, "failsafe_mode_is_active");
  result.seen = small_number(own, "dcs_last_seen");
  for (const auto& x : list) {
    patroni_member to;
    to.name = json_text(x, "name");
    if (to.name.empty() || result.members.size() == max_patroni_members)
      continue;
    add_common(x, to);
    to.address = json_text(x, "host");
    auto port = small_number(x, "port");
    to.port = port <= UINT16_MAX ? static_cast<uint16_t>(port) : 0;
    auto role = json_text(x, "role");
    to.leader = role == "leader" || role == "standby_leader" || role == "master";
    result.leader = result.leader || to.leader;
    result.members.push_back(std::move(to));
  }
  std::sort(result.members.begin(), result.members.end(), by_name);
  return result;
}

} // namespace pgstatsmon
