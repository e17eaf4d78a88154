// What the daemon serves: the page, parts of it, and a small page for people that leads to them.
#pragma once

#include "actors/cluster/cluster_status.hpp"
#include "actors/cluster/lingering.hpp"
#include "actors/exposition/http_server.hpp"
#include "actors/fleet/fleet_view.hpp"
#include "actors/registry/daemon_metrics.hpp"
#include "actors/registry/page_layout.hpp"
#include "actors/registry/snapshot.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace pgstatsmon {

/// Where pages get what they show. Any thread may use it.
struct page_sources {
  std::shared_ptr<const snapshot_cell> backends;
  std::function<catalogue_ptr()> queries; ///< The catalogue in force.
  std::shared_ptr<daemon_metrics> daemon;
  std::shared_ptr<const fleet_cell> fleet = std::make_shared<const fleet_cell>();
  std::shared_ptr<layout_cell> layout = std::make_shared<layout_cell>();

  /// Backends that another daemon has taken over, for who asks for one by its name; null: none.
  std::shared_ptr<const lingering> left{};

  /// The whole fleet and who watches what; null: it is not shared.
  std::shared_ptr<const cluster_cell> sharing{};
};

/// Which part of the page somebody wants, by names. Empty lists want all.
struct page_part {
  std::vector<std::string> backends; ///< Those of them that exist.
  std::vector<std::string> queries;  ///< As page_reader's `only`.
};

/// The page in the text format, counted when it has been read to its end. A part has nothing about
/// the process.
/// @returns 400 for a query, 404 for backends that are all unknown, with a sentence that names
/// them.
http_response answer_page(const page_sources& from, const page_part& part);

/// What the names of backends are appended to for their pages: `/metrics/backends/`.
/// @param route Of the page.
std::string backends_route(const std::string& route);

/// Adds, for the page under `route`:
/// `route`, with parameters `backend` and `collect[]`, both repeatable: the page, or a part of it.
/// `route/backends/NAME`, with `collect[]`: one backend's part, or the way to who watches it now.
/// `route/daemon`: what is about the process and about clusters, and no backend.
/// `/probe?target=NAME`: one backend's part, as postgres_exporter has it; 400 without a name.
/// `/`: the document for browsers, and `/web/FILE` for its files, unless `/` is the route.
void add_pages(http_server& to, const page_sources& from, const std::string& route);

} // namespace pgstatsmon
