// Orders from the page for browsers: poll, pause, resume, log level.
#pragma once

#include "actors/console/sources.hpp"
#include "actors/exposition/desk.hpp"
#include "actors/exposition/http_server.hpp"
#include "config/settings.hpp"
#include "config/web_config.hpp"

#include <caf/error.hpp>

#include <memory>
#include <string>

namespace pgstatsmon {

/// Adds `/api/v1/orders`: the user and the token that orders need, or 403; and, for POST alone,
/// `/api/v1/orders/poll?backend=NAME`, `/pause?backend=NAME[&seconds=N]`, `/resume?backend=NAME`
/// and
/// `/log?level=LEVEL[&backend=NAME]`. Answers are objects with `done` or `error`. 403 says why an
/// order is refused (order_check.hpp). Each order is logged with its user and address.
void add_orders(http_server& to, const console_sources& facts,
                const std::shared_ptr<const desk_line>& desk);

/// Orders need users, whom web.config names: ec::bad_configuration when there are none.
/// @param file The configuration, for the message.
caf::error orders_fault(const settings& options, const web_config& users, const std::string& file);

} // namespace pgstatsmon
