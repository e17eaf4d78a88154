// The way to the daemon that watches a backend, for who asks another one for its page.
#pragma once

#include "actors/exposition/http_server.hpp"

#include <optional>
#include <string>

namespace pgstatsmon {

class cluster_cell;
struct left_backend;

/// Prometheus applies a list of targets seconds after it has changed; until then it asks a former
/// owner, or one that was started anew. Any thread.
/// @param x For the page of a backend that this daemon does not watch.
/// @param prefix Of such pages; the rest of the path is the backend's name.
/// @param left What is left of the backend here: values are better than a way to none.
/// @param sharing Null: the fleet is not shared.
/// @returns a redirection. Nothing for who has followed one already, as daemons may disagree for a
/// moment, and for who gave a password, which clients drop on their way to another host.
std::optional<http_response> send_on(const http_request& x, const std::string& prefix,
                                     const left_backend& left, const cluster_cell* sharing);

} // namespace pgstatsmon
