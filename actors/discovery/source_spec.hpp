// The sources that a configuration asks for, each with all that it needs to know.
#pragma once

#include "actors/discovery/found.hpp"
#include "config/settings.hpp"

#include <variant>

namespace pgstatsmon {

/// The entries of `static.dbs`: a list that needs no asking.
struct static_list {
  std::vector<found_backend> backends;

  friend bool operator==(const static_list&, const static_list&) = default;
};

/// One source. Two that are equal behave alike, so a running one need not be started again.
struct source_spec {
  std::string name; ///< The `source` label; unique.
  std::variant<static_list, vmapi_settings, file_source_settings, http_sd_settings, dns_settings,
               patroni_settings>
    how;
  backend_defaults defaults;
  std::string state_dir{}; ///< Where its last good list is kept; empty: nowhere.

  friend bool operator==(const source_spec&, const source_spec&) = default;
};

/// The name of the source of `static.dbs`.
inline constexpr std::string_view static_source_name = "static";

/// Every source of a configuration, in the order static, vmapi, file, http_sd, dns, patroni.
/// @param queries Whose labels no backend can have; null: any label is good.
std::vector<source_spec> source_specs(const settings& x, const catalogue* queries = nullptr);

/// The backends of `static.dbs`. Of entries with one name, address and port the first counts.
backend_list static_backends(const settings& x);

} // namespace pgstatsmon
