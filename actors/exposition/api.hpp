// The console's facts as JSON over HTTP: `/api/v1/…`.
#pragma once

#include "actors/console/sources.hpp"
#include "actors/exposition/desk.hpp"
#include "actors/exposition/http_server.hpp"

#include <memory>

namespace pgstatsmon {

/// Adds `/api/v1/backends`, `/api/v1/backends/NAME` and `/api/v1/actors`: what the console's
/// `backends`, `backend NAME` and `actors` say with `--json`; and of one backend
/// `/api/v1/backends/NAME/statements`, `/locks` and `/history`. No actor is asked, so that an
/// answer needs none that works. The list takes the parameters `filter`, several times, and `sort`:
/// backend_selection; 400 with an object that has `error` for one that is none. 404 with an object
/// that has `error` for a backend that is not known.
/// `/api/v1/scheduler` is what `scheduler` says: it asks the SCHEDULER; 504 when that does not
/// answer.
void add_api(http_server& to, const console_sources& from,
             const std::shared_ptr<const desk_line>& desk);

} // namespace pgstatsmon
