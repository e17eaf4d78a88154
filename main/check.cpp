// `pgstatsmon --check`: what is wrong with a configuration, or what would be watched.
#include "main/check.hpp"

#include "actors/discovery/ask_once.hpp"
#include "actors/exposition/listen.hpp"
#include "actors/exposition/orders.hpp"
#include "actors/exposition/web_door.hpp"
#include "config/backend_name.hpp"
#include "config/descriptors.hpp"
#include "config/settings.hpp"
#include "config/text.hpp"
#include "config/values.hpp"
#include "main/daemon.hpp"

#include <fmt/format.h>

#include <ctime>
#include <optional>
#include <ostream>
#include <variant>
#include <vector>

namespace pgstatsmon {

namespace {

// A list that is longer says more about its length than about its entries.
constexpr size_t max_listed = 10;

/// @returns false: something is wrong.
bool complain(const caf::error& error, std::ostream& to) {
  to << context_of(error) << '\n';
  return false;
}

void warn(std::string_view what, std::ostream& to) {
  if (!what.empty())
    to << "warning: " << what << '\n';
}

/// What the lists say that stand in files: of the sources, they alone can be read without asking
/// anybody.
std::vector<source_outcome> read_lists(const settings& options, const catalogue* queries) {
  std::vector<source_outcome> result;
  for (const auto& spec : source_specs(options, queries))
    if (const auto* file = std::get_if<file_source_settings>(&spec.how);
        file != nullptr && !is_given_by_service_manager(file->path))
      result.push_back(ask_once(spec));
  return result;
}

void explain(const source_outcome& x, std::ostream& to) {
  to << fmt::format("{}: {}\n", x.source, counted(x.backends.size(), "backend"));
  for (size_t i = 0; i < x.backends.size() && i < max_listed; ++i) {
    const auto& y = x.backends[i];
    to << fmt::format("  {} at {}, {} {}, user {}\n", one_line(y.name),
                      address_and_port(y.address, y.port),
                      y.kind == backend_kind::pgbouncer ? "pgbouncer's console" : "database",
                      one_line(y.database), one_line(y.user));
  }
  if (x.backends.size() > max_listed)
    to << fmt::format("  and {} more\n", x.backends.size() - max_listed);
}

/// @returns whether all lists are lists.
bool judge(const std::vector<source_outcome>& lists, std::ostream& complaints) {
  auto good = true;
  for (const auto& x : lists)
    if (x.problem) {
      complaints << x.problem->what << '\n';
      good = false;
    }
  return good;
}

/// The web configuration, if there is one that can be read here.
std::optional<loaded_web_door> web_door_of(const settings& x) {
  if (x.web.config.empty() || is_given_by_service_manager(x.web.config))
    return std::nullopt;
  return load_web_door(x.web.config, std::time(nullptr));
}

void say_warnings(const settings& x, const web_door* door, const std::vector<source_outcome>& lists,
                  std::ostream& to) {
  for (const auto& y : x.warnings)
    warn(y, to);
  warn(descriptor_warning(x, descriptor_limit()), to);
  if (door != nullptr)
    for (const auto& y : door->warnings)
      warn(y, to);
  if (!is_local_only(x.target.ip) && (door != nullptr || x.web.config.empty()))
    warn(exposure_warning(door), to);
  for (const auto& list : lists)
    for (const auto& y : list.rejected)
      warn(fmt::format("{}: {} is left out ({}): {}", list.source, one_line(y.what),
                       to_string_view(y.reason), one_line(y.detail)),
           to);
}

} // namespace

int run_check(const std::string& file, std::ostream& to, std::ostream& complaints) {
  auto options = load_settings(file, reading_for::checking);
  if (!options) {
    complain(options.error(), complaints);
    return 1;
  }
  auto queries = load_queries(*options, file);
  auto web = web_door_of(*options);
  const auto* door = web ? web->door.get() : nullptr;
  auto lists = read_lists(*options, queries ? queries->get() : nullptr);
  auto good = judge(lists, complaints);
  if (!queries)
    good = complain(queries.error(), complaints);
  if (web && door == nullptr)
    good = complain(web->error, complaints);
  if (door != nullptr)
    if (auto error = orders_fault(*options, door->config, file))
      good = complain(error, complaints);
  if (!good)
    return 1;
  say_warnings(*options, door, lists, complaints);
  auto secure = door != nullptr && door->tls != nullptr;
  to << explain(*options, secure ? "https" : "http");
  for (const auto& x : lists)
    explain(x, to);
  if (door != nullptr)
    to << explain(*door);
  to << fmt::format("{} queries, {} metrics\n", (*queries)->queries().size(),
                    (*queries)->families());
  return 0;
}

} // namespace pgstatsmon
