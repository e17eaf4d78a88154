// What the discovery sources say alike, and what they say each, read by functions of their own.
#pragma once

#include "config/activity.hpp"
#include "config/budget.hpp"
#include "config/collect.hpp"
#include "config/databases.hpp"
#include "config/settings_parts.hpp"
#include "config/tables.hpp"
#include "config/values.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace pgstatsmon {

/// The names of all sources, so that none is used twice.
using source_names = std::map<std::string, std::string, std::less<>>; // name to path

/// Roles, and the databases that they name.
using role_map = std::map<std::string, std::string>;

/// `name` of the source `self`, which no other has.
void read_name(fields& s, const value& self, std::string& name, source_names& names);

/// How a URL is asked, but for the URL.
void read_http_options(fields& s, http_settings& x);

/// `url`, and how it is asked.
/// @param parse Of the URL.
void read_http(fields& s, http_settings& x, std::optional<std::string> (*parse)(const value&));

/// The interval between two polls of a source, in both spellings.
void read_poll_interval(fields& s, milliseconds& x);

/// `shrink`.
void read_shrink(const value& self, shrink_settings& x);

/// `roles`.
void read_roles(const value& self, role_map& roles);

/// What has no meaning for a pgbouncer is a fault where it is given.
void refuse(const value& x, std::string_view what);

/// What every source says of its backends, and every entry of the static list: `collect`,
/// `tables`, `budget`, `activity`, `databases`, `kind`, `password_file` and `parameters`.
template <class T>
void read_backends(fields& s, T& x, bool guards) {
  auto& run = s.run();
  s.get("password_file").read(x.access.password_file, parse_secret_file);
  read_parameters(s.get("parameters"), guards, x.access.parameters);
  run.names_on.clear();
  read_collect(s.get("collect"), x.collect);
  auto tables = s.get("tables");
  read_tables(tables, x.collect.tables);
  read_budget(s.get("budget"), x.collect);
  auto activity = s.get("activity");
  read_activity(activity, x.collect);
  auto databases = s.get("databases");
  read_databases(databases, x.databases);
  auto kind = s.get("kind").read(x.kind, parse_kind);
  if (x.kind == backend_kind::pgbouncer && x.databases.on.value_or(false))
    refuse(databases, "asks for the databases of a PostgreSQL server");
  if (x.kind == backend_kind::pgbouncer)
    refuse(tables, "chooses tables of a PostgreSQL server");
  if (x.kind == backend_kind::pgbouncer)
    refuse(activity, "watches sessions of a PostgreSQL server");
  // A source without a kind may list both.
  auto one_kind = std::is_same_v<T, static_backend> || kind.given();
  for (const auto& place : run.names_on)
    if (one_kind)
      run.queries_on.emplace_back(place, x.kind);
}

/// `labels`, and what read_backends() reads.
template <class T>
void read_labelled_backends(fields& s, T& x, bool guards) {
  auto& run = s.run();
  auto first = run.static_labels.size();
  s.get("labels").read(x.labels, parse_labels);
  read_backends(s, x, guards);
  if (x.kind != backend_kind::pgbouncer)
    return;
  auto own = run.static_labels.begin() + static_cast<ptrdiff_t>(first);
  run.console_labels.insert(run.console_labels.end(), own, run.static_labels.end());
  run.static_labels.erase(own, run.static_labels.end());
}

/// `static`. What its entries do not say must have been read.
void read_static(const value& self, settings& x);

/// An entry of `patroni`.
void read_patroni(const value& self, patroni_settings& x, const settings& all, source_names& names);

} // namespace pgstatsmon
