// Reads what Patroni keeps in etcd, and what its REST interface answers. Pure.
#pragma once

#include "actors/discovery/patroni_view.hpp"
#include "actors/etcd/etcd_api.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgstatsmon {

/// Members that are read of one source at most.
inline constexpr size_t max_patroni_members = 20'000;

/// The clusters under a prefix that ends with a slash: `PREFIX SCOPE/members/NAME`, `leader`,
/// `config`. What is no JSON counts as not given; what is deeper belongs to others. Never throws.
/// @param patterns Scopes that are wanted; empty: all.
/// @param now Unix time, s: when they were read.
std::vector<patroni_cluster> read_patroni_keys(const std::vector<etcd_key>& keys,
                                               std::string_view prefix,
                                               const std::vector<std::string>& patterns,
                                               double now);

/// Whether a change of this key is one that people wait for: the leader, the configuration, an
/// order, a member that was not known. What is written with every loop of Patroni is not.
/// @param known The members of the last list, as `SCOPE/NAME`, in order.
bool is_patroni_news(std::string_view key, std::string_view prefix,
                     const std::vector<std::string>& known);

/// A cluster from the bodies of `GET /cluster` and `GET /patroni` of any of its members; nothing
/// when they are not such bodies. Never throws.
std::optional<patroni_cluster> read_patroni_rest(std::string_view cluster, std::string_view member);

} // namespace pgstatsmon
