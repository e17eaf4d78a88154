// The list of backends as Prometheus' HTTP service discovery reads it.
#pragma once

#include "actors/cluster/cluster_status.hpp"
#include "actors/exposition/http_server.hpp"
#include "actors/registry/heartbeat.hpp"
#include "actors/registry/snapshot.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace pgstatsmon {

/// Where the list is served.
constexpr const char* targets_route = "/api/v1/sd";

/// One group for each backend, JSON: `address` with the backend's page as `__metrics_path__`, its
/// name as `instance`, and as `__meta_pgstatsmon_…` its labels, its source, address, port and
/// database, which win over labels of their names.
/// @param prefix What a name is appended to for its page. Prometheus encodes paths itself, so the
/// name stands there as it is.
std::string targets_json(const entry_list& backends, const std::string& address,
                         const std::string& prefix);

/// The same of a fleet that several daemons share, each backend with its owner's address.
std::string targets_json(const fleet_targets& backends, const std::string& prefix);

/// The address that a Host header says: a host name or a literal address, `[::1]:9187`, and perhaps
/// a port; nothing for all else. It goes back to who sent it and is trusted with nothing.
std::optional<std::string> address_in(std::string_view host);

/// Adds the route. 503 until every backend of a first list was tried: Prometheus keeps its targets
/// then, and would drop them for a list that has only begun. 400 without a Host header that is one.
/// @param sharing Of a fleet that several daemons share; null: it is ours alone.
/// @param prefix As targets_json has it.
void add_service_discovery(http_server& to, const std::shared_ptr<const snapshot_cell>& backends,
                           const std::shared_ptr<const cluster_cell>& sharing,
                           const std::shared_ptr<const heartbeat>& pulse,
                           const std::string& prefix);

} // namespace pgstatsmon
