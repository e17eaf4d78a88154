// What the page for browsers needs besides the console's facts: what changed, and news as they
// come.
#pragma once

#include "actors/console/sources.hpp"
#include "actors/exposition/event_hub.hpp"
#include "actors/exposition/http_server.hpp"
#include "actors/registry/fleet_journal.hpp"

#include <memory>
#include <string>

namespace pgstatsmon {

/// All shared; any thread may use them.
struct live_sources {
  console_sources facts;
  std::shared_ptr<const fleet_journal> journal;
  std::shared_ptr<event_hub> events;
  bool orders = false; ///< Orders are taken.
};

/// The data of an event `news`: `backends` as in `/api/v1/backends`, those that changed; `gone`,
/// names; and `changes` as in `/api/v1/changes`.
std::string news_json(const fleet_news& x);

/// Adds `/api/v1/changes`: the daemon's version and pulse, whether it takes orders, and what
/// changed within the last hour; and
/// `/api/v1/events`: server-sent events. `hello` comes first, with the daemon's version and a
/// number that each start of it has anew; `news` are changes of backends; `reload` says that there
/// are more than could be told; `beat` comes every 15 s. 503 when as many as may listen do so.
void add_live(http_server& to, const live_sources& from);

} // namespace pgstatsmon
