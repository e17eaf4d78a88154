// What a source finds, what it rejects and why, and how a find becomes a backend.
#pragma once

#include "config/backend_name.hpp"
#include "config/labels.hpp"
#include "config/settings.hpp"
#include "messages/backend.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace pgstatsmon {

/// A backend as its source knows it. What is empty comes from the configuration.
struct found_backend {
  std::string key;      ///< The VM's uuid; empty: the name is the identity.
  std::string name;     ///< Never empty.
  std::string address;  ///< Host name or literal address, without brackets; never empty.
  uint16_t port = 0;    ///< 0: the configured one.
  std::string role;     ///< Names the database through `roles`; empty: none.
  std::string database; ///< Wins over the role's.
  std::string user;
  label_list labels; ///< Win over the configured ones.
  collect_settings collect{};
  database_settings databases{};
  std::optional<backend_kind> kind{}; ///< Nothing: the source's.
  std::string password_file{};        ///< Only of what the configuration itself lists.
  parameter_list parameters{};        ///< The same.

  friend bool operator==(const found_backend&, const found_backend&) = default;
};

/// Why something that a source offers is not watched: the `reason` label of
/// `pgstatsmon_discovery_rejected_total`.
enum class reject_reason : uint8_t {
  state,     ///< A VM that is not running.
  tag,       ///< A VM without the tag, or whose tag's value does not match.
  nic,       ///< A VM without a NIC that matches `nic_tag`.
  address,   ///< No literal address, or a target that is no `host:port`.
  label,     ///< A label that would not be valid, or that would overwrite one of ours.
  duplicate, ///< Offered twice.
  lookup,    ///< A name about which the DNS can't say anything now.
};

constexpr std::array<reject_reason, 7> all_reject_reasons{
  reject_reason::state, reject_reason::tag,       reject_reason::nic,   reject_reason::address,
  reject_reason::label, reject_reason::duplicate, reject_reason::lookup};

/// The label value of a reason.
constexpr std::string_view to_string_view(reject_reason x) noexcept {
  switch (x) {
  case reject_reason::state: return "state";
  case reject_reason::tag: return "tag";
  case reject_reason::nic: return "nic";
  case reject_reason::address: return "address";
  case reject_reason::label: return "label";
  case reject_reason::duplicate: return "duplicate";
  case reject_reason::lookup: return "lookup";
  }
  return "unknown";
}

/// Something that a source offers and that is not watched.
struct rejection {
  std::string what; ///< For a person: a uuid with its alias, a target.
  reject_reason reason = reject_reason::address;
  std::string detail; ///< A sentence without a dot.

  friend bool operator==(const rejection&, const rejection&) = default;
  friend bool operator<(const rejection& x, const rejection& y) {
    return std::tie(x.what, x.reason, x.detail) < std::tie(y.what, y.reason, y.detail);
  }
};

/// The good answer of a source.
struct found_list {
  std::vector<found_backend> backends;
  std::vector<rejection> rejected{};

  friend bool operator==(const found_list&, const found_list&) = default;
};

/// What the configuration says about all backends of one source.
struct backend_defaults {
  std::string source; ///< The source's name.
  uint16_t port = 5432;
  std::string database;
  std::string user;
  std::map<std::string, std::string> roles; ///< Role to database.
  label_list labels;
  collect_rules collect{};
  database_rules databases{};
  query_label_map query_labels{}; ///< Names that a find's own label can't have.
  backend_kind kind = backend_kind::postgres;
  query_label_map console_labels{}; ///< Names that no label of a pgbouncer can have.
  std::string password_file{};      ///< Of these backends alone; empty: that of all.
  parameter_list parameters{};      ///< The same.

  friend bool operator==(const backend_defaults&, const backend_defaults&) = default;
};

/// All labels of both lists; where a name stands in both, the value of `own`.
label_list merged(label_list base, const label_list& own);

/// Completes a find with the configuration. A role that `roles` does not know gets the default
/// database.
backend to_backend(const found_backend& x, const backend_defaults& defaults);

/// Completes a list. An identity that comes again, and a find with a label that a query makes, is
/// left out and stands in `rejected`.
backend_list to_backends(const std::vector<found_backend>& xs, const backend_defaults& defaults,
                         std::vector<rejection>& rejected);

} // namespace pgstatsmon
