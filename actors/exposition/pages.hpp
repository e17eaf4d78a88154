// What the daemon serves: the page, and a small one for people that leads to it.
#pragma once

#include "actors/exposition/http_server.hpp"
#include "actors/registry/daemon_metrics.hpp"
#include "actors/registry/snapshot.hpp"

#include <functional>
#include <memory>
#include <string>

namespace pgstatsmon {

/// Where pages get what they show. Any thread may use it.
struct page_sources {
  std::shared_ptr<const snapshot_cell> backends;
  std::function<catalogue_ptr()> queries; ///< The catalogue in force.
  std::shared_ptr<daemon_metrics> daemon;
};

/// A page in the text format, counted when it has been read to its end.
std::unique_ptr<body_source> make_page(const page_sources& from);

/// The page for people: a link to `route`, and a table of the backends.
/// @param now Unix time, s.
std::string index_html(const entry_list& backends, const std::string& route, double now);

/// Adds the page under `route`, and the index under `/` unless that is the route.
void add_pages(http_server& to, const page_sources& from, const std::string& route);

} // namespace pgstatsmon
