// Names and words.
#include "actors/fleet/cluster_parts.hpp"

namespace pgstatsmon {

bool is_writable(const seen_server& x) {
  return x.fresh && !x.report->standby;
}

std::string name_of(const wal_client& x) {
  auto result = x.application.empty() ? std::string{"standby"} : x.application;
  return x.address.empty() ? result : result + '@' + x.address;
}

std::string words_of(const wal_client& x) {
  std::string result = x.state.empty() ? "streaming" : x.state;
  if (!x.sync.empty())
    result += ' ' + x.sync;
  if (!x.slot.empty())
    result += " slot " + x.slot;
  return result;
}

std::string words_of(const seen_server& x, const attachment& how, const wal_client* client) {
  if (client != nullptr)
    return words_of(*client);
  if (!x.fresh || !x.report->standby)
    return {};
  const auto& receiver = x.report->receiver;
  if (!receiver)
    return x.report->identity->streams ? "no receiver" : "from the archive";
  auto state = receiver->status.empty() ? std::string{"a receiver"} : receiver->status;
  if (!receiver->slot.empty())
    state += " slot " + receiver->slot;
  return how.receives ? state : state + ", hears nothing";
}

const wal_client* client_of(const std::vector<seen_server>& servers, const attachment& how) {
  return how.client ? &servers[how.client->server].report->clients[how.client->client] : nullptr;
}

} // namespace pgstatsmon
