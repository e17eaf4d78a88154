// What each command of the console shows.
#pragma once

#include "actors/console/report.hpp"
#include "actors/console/sources.hpp"
#include "actors/fleet/fleet_view.hpp"
#include "messages/status.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace pgstatsmon {

// -- actors (report_actors.cpp)
// ---------------------------------------------------------------------

/// Every live actor.
/// @param tree Children stand under their parents.
report actors_report(const std::vector<listed_actor>& actors, const look_time& now, bool tree);

/// One actor with its newest messages; nothing when it does not live.
std::optional<report> actor_report(const std::vector<listed_actor>& actors, uint64_t id,
                                   const look_time& now);

// -- backends (report_backends.cpp, report_backend.cpp)
// ---------------------------------------------

/// Every backend of the list.
report backends_report(const entry_list& backends, const look_time& now);

/// The same for programs: a list of what summary_report() says of each.
std::string backends_json(const entry_list& backends, const look_time& now);

/// A summary, and the worst backends first: those that fail, then those whose place in their
/// cluster is wrong, then by how many sessions wait, then by the age of their data, then by the
/// time of their last poll (report_top.cpp). JSON has all that `backends` has, too.
/// @param rows At most.
/// @param in_order The first of the list stand first instead.
report top_report(const entry_list& backends, const fleet_view& fleet, const heartbeat& pulse,
                  const look_time& now, size_t rows, bool in_order = false);

/// The vital signs as they are now, counters as what is counted a second (report_vitals.cpp). All
/// unknown while it is not up, or its data are stale.
vital_values vitals_now(const entry& of);

/// With a chart of the last hour each; nothing before there was a block.
std::optional<table> vitals_table(const entry& of, const look_time& now);

/// The last hour, a point each half minute, oldest first; `time` is when one begins, Unix time.
report history_report(const entry& of, const look_time& now);

/// What one backend is and how it is.
report summary_report(const entry& of, const look_time& now);

/// The same, and more: states, place in its cluster, vital signs, plan, last poll, last errors.
/// @param sql Shows the SQL of the plan in the text, too.
report backend_report(const entry& of, const fleet_view& fleet, const look_time& now, bool sql);

/// What each query of the catalogue is to the backend (report_plan.cpp): asked how often, or why
/// not.
/// @param sql Shows the SQL in the text, too.
table plan_table(const entry& of, bool sql);
report plan_report(const entry& of, bool sql);

/// Who waits for whom on the backend's server, and who holds back what, as it was when it was last
/// asked; that somebody wants to know is remembered for its next poll (report_locks.cpp).
report locks_report(const entry& of, const look_time& now);

/// Who holds back what, of the same; nothing when it is not known.
std::optional<table> holders_table(const entry& of, const look_time& now);

/// What the backend's statements cost, with their texts: the newest rows of each query that has
/// texts (report_texts.cpp). Texts are asked with the next poll, if they are not there or old.
/// @param whole In the text they are not shortened.
report texts_report(const entry& of, bool whole, const look_time& now);

/// For people: of the plan in a backend's report only what is asked.
void leave_out_what_is_not_asked(report& x);

/// A backend by its name; null when there is none.
entry_ptr find_backend(const entry_list& backends, std::string_view name);

// -- clusters (report_clusters.cpp)
// -----------------------------------------------------------------

/// Every cluster for people: a tree of who follows whom.
report clusters_report(const fleet_view& all, const look_time& now);

/// The same for programs: every member of every cluster.
report clusters_list(const fleet_view& all);

/// What is wrong with the places of backends in their clusters, in a word or two, by their names.
std::map<std::string, std::string_view, std::less<>> misplaced(const fleet_view& all);

/// Daemons that share the fleet (report_cluster.cpp).
report cluster_report(const cluster_status& x, const look_time& now);

/// A backend's place in its cluster.
fact_list place_of(const fleet_view& all, const std::string& backend);
fact_list place_of(const fleet_view::found& place, const std::string& backend);

// -- queries (report_queries.cpp)
// -------------------------------------------------------------------

/// Per query over the fleet: times and rows of every backend's newest poll, errors since the start.
report queries_report(const entry_list& backends, const catalogue& queries);

// -- what only actors know (report_status.cpp)
// ------------------------------------------------------

report scheduler_report(const scheduler_status& x);
report discovery_report(const discovery_status& x, const look_time& now);

} // namespace pgstatsmon
