// Asks Patroni for its members: etcd, where it keeps them, or their REST interface.
#pragma once

#include "actors/discovery/answer.hpp"
#include "actors/discovery/patroni_view.hpp"
#include "actors/etcd/etcd_api.hpp"
#include "config/settings.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

namespace pgstatsmon {

/// What a source knows between two questions. Any thread.
class patroni_memory {
public:
  void remember(const std::vector<patroni_cluster>& xs);

  /// Whether a change of this key is worth asking (is_patroni_news).
  [[nodiscard]] bool is_news(std::string_view key, std::string_view prefix) const;

private:
  mutable std::mutex mutex_;
  std::vector<std::string> members_; // SCOPE/NAME, in order
};

/// The prefix of all keys of a source, with its last slash.
std::string prefix_of(const patroni_settings& x);

/// The clusters, or why there are none.
using patroni_answer = std::variant<std::vector<patroni_cluster>, source_problem>;

/// Reads all keys. Nothing under the prefix is a failure: an etcd that was wiped, or another one.
/// Blocks.
patroni_answer ask_patroni_etcd(const patroni_settings& how, etcd_api& store,
                                patroni_memory& memory, const std::stop_token& stop);

/// What each URL said last.
using patroni_rest_memory = std::map<std::string, patroni_cluster>;

/// Asks all URLs, eight at once. One that does not answer counts as saying what it said before;
/// when none answers, that is a failure. Of several members of a cluster the one that saw the DCS
/// last is believed. Blocks.
patroni_answer ask_patroni_rest(const patroni_settings& how, patroni_rest_memory& last,
                                const std::stop_token& stop);

} // namespace pgstatsmon
