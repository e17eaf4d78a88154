// Target groups, and the address that they are scraped at.
#include "actors/exposition/service_discovery.hpp"

#include "actors/discovery/target.hpp"
#include "config/backend_name.hpp"
#include "config/socket_directory.hpp"

#include <nlohmann/json.hpp>

namespace pgstatsmon {

namespace {

using nlohmann::json;

constexpr unsigned bad_request = 400;
constexpr unsigned unavailable = 503;

json labels_of(const backend& x, const std::string& prefix) {
  const std::string meta = "__meta_pgstatsmon_";
  auto result = json::object();
  for (const auto& [name, value] : x.labels)
    result[meta + name] = value;
  result[meta + "source"] = x.source;
  result[meta + "address"] = x.address;
  result[meta + "port"] = std::to_string(x.port);
  result[meta + "database"] = x.database;
  result[meta + "kind"] = to_string_view(x.kind);
  result["__metrics_path__"] = prefix + x.name;
  result["instance"] = x.name;
  return result;
}

json group_of(const backend& x, const std::string& address, const std::string& prefix) {
  return {{"targets", json::array({address})}, {"labels", labels_of(x, prefix)}};
}

std::string text_of(const json& x) {
  return x.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
}

http_response list_of(std::string body) {
  http_response result;
  result.type = "application/json";
  result.body = std::move(body);
  return result;
}

} // namespace

std::string targets_json(const entry_list& backends, const std::string& address,
                         const std::string& prefix) {
  auto result = json::array();
  for (const auto& x : backends)
    result.push_back(group_of(x->value, address, prefix));
  return text_of(result);
}

std::string targets_json(const fleet_targets& backends, const std::string& prefix) {
  auto result = json::array();
  for (const auto& x : backends)
    result.push_back(group_of(*x.value, *x.address, prefix));
  return text_of(result);
}

std::optional<std::string> address_in(std::string_view host) {
  auto found = host.find('\0') == std::string_view::npos ? parse_target(host) : std::nullopt;
  if (!found || is_socket_directory(found->address))
    return std::nullopt;
  if (found->port != 0)
    return address_and_port(found->address, found->port);
  auto brackets = found->address.find(':') != std::string::npos;
  return brackets ? '[' + found->address + ']' : found->address;
}

void add_service_discovery(http_server& to, const std::shared_ptr<const snapshot_cell>& backends,
                           const std::shared_ptr<const cluster_cell>& sharing,
                           const std::shared_ptr<const heartbeat>& pulse,
                           const std::string& prefix) {
  to.add_route(targets_route, [=](const http_request& request) {
    if (!pulse->ready())
      return text_response(unavailable, "no list of backends yet, or not every one was tried\n");
    if (sharing != nullptr) {
      auto targets = sharing->targets();
      return targets == nullptr
               ? text_response(unavailable, "not every backend of the fleet has an owner yet\n")
               : list_of(targets_json(*targets, prefix));
    }
    auto address = address_in(request.header("host"));
    if (!address)
      return text_response(bad_request, "the Host header is no host and port\n");
    return list_of(targets_json(*backends->get(), *address, prefix));
  });
}

} // namespace pgstatsmon
