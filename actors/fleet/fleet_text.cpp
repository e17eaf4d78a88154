// Name, type, help and values of each family, side by side.
#include "actors/fleet/fleet_text.hpp"

#include "actors/registry/escape.hpp"
#include "actors/registry/number.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string_view>

namespace pgstatsmon {

namespace {

/// Writes one family after the other. What has no sample is not there.
class family_writer {
public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    header_ = fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }

  /// @param fixed Static labels; those called like one of `own` are left out.
  void sample(const label_list& own, const label_list& fixed, double value) {
    text_ += std::exchange(header_, {});
    labels_.clear();
    for (const auto& [name, x] : own)
      append_label(labels_, name, x);
    for (const auto& [name, x] : fixed)
      if (std::ranges::find(own, name, &label_list::value_type::first) == own.end())
        append_label(labels_, name, x);
    std::array<char, max_number_size> number{};
    text_.append(name_).append("{").append(labels_).append("} ");
    text_.append(number.data(), write_number(number.data(), value)).append("\n");
  }

  std::string text() { return std::move(text_); }

private:
  std::string_view name_;
  std::string header_;
  std::string labels_;
  std::string text_;
};

size_t servers_of(const cluster_view& x, bool standby) {
  return static_cast<size_t>(std::ranges::count_if(x.members, [&](const auto& y) {
    return !y.entries.empty() && y.fresh && y.standby == standby;
  }));
}

std::string role_of(const member_view& x) {
  return x.standby ? "standby" : "primary";
}

/// Members and the entries whose backends they are.
class member_texts {
public:
  member_texts(const fleet_view& all, const entry_list& backends) : all_{all}, backends_{backends} {
    for (const auto& x : backends)
      by_life_.emplace(x->life, x.get());
  }

  std::string write() {
    write_clocks();
    write_roles();
    write_members();
    write_standbys();
    write_timelines();
    return to_.text();
  }

private:
  void write_clocks() {
    to_.family("pgstatsmon_backend_clock_offset_seconds", "gauge",
               "How far the clock of the backend's server is ahead of ours, to half a round trip.");
    for (const auto& x : backends_) {
      auto offset = x->metrics->clock_offset.load(std::memory_order_relaxed);
      if (!std::isnan(offset) && x->up() && !all_.same_as.contains(x->life))
        to_.sample({{"backend", x->value.name}}, x->value.labels, offset);
    }
  }

  void write_roles() {
    auto each = [&](auto what) {
      for (const auto& x : backends_)
        if (auto role = all_.roles.find(x->life); role != all_.roles.end())
          what(role->second, label_list{{"backend", x->value.name}}, x->value.labels);
    };
    to_.family("pgstatsmon_role_changes_total", "counter",
               "Times that the backend's server was found to be a primary or a standby anew.");
    each([&](const auto& role, const auto& own, const auto& fixed) {
      to_.sample(own, fixed, static_cast<double>(role.changes));
    });
    to_.family("pgstatsmon_role_last_change_timestamp_seconds", "gauge",
               "When that was last, Unix time; absent when it was not since our start.");
    each([&](const auto& role, const auto& own, const auto& fixed) {
      if (role.last_change > 0)
        to_.sample(own, fixed, role.last_change);
    });
  }

  void write_members() {
    to_.family(
      "pgstatsmon_cluster_member_info", "gauge",
      "1; which cluster the backend is of, the first backend of its server, and its role.");
    for (const auto& x : all_.clusters)
      for (const auto& y : x->members)
        for (const auto& name : y.entries)
          if (const auto* of = called(name))
            to_.sample(
              {{"backend", name}, {"cluster", x->system}, {"server", y.name}, {"role", role_of(y)}},
              of->value.labels, 1);
  }

  void write_standbys() {
    to_.family("pgstatsmon_standby_attached", "gauge",
               "1 when WAL reaches the standby from its upstream, 0 when not; absent when neither "
               "of them can be asked.");
    each_member([&](const cluster_view& x, const member_view& y, const label_list& fixed) {
      if (y.attached)
        to_.sample({{"backend", y.backend},
                    {"cluster", x.system},
                    {"standby", y.name},
                    {"upstream", y.upstream}},
                   fixed, *y.attached ? 1 : 0);
    });
    to_.family("pgstatsmon_standby_lag_seconds", "gauge",
               "How long ago the cluster's primary was where the standby is now; at least as long "
               "where it was so before our start.");
    each_member([&](const cluster_view& x, const member_view& y, const label_list& fixed) {
      if (y.lag)
        to_.sample({{"backend", y.backend}, {"cluster", x.system}, {"standby", y.name}}, fixed,
                   *y.lag);
    });
  }

  void write_timelines() {
    to_.family("pgstatsmon_timeline_diverged", "gauge",
               "1 when the backend's server has WAL that the cluster's primary has not.");
    each_member([&](const cluster_view& x, const member_view& y, const label_list& fixed) {
      if (!y.entries.empty() && y.fresh)
        to_.sample({{"backend", y.backend}, {"cluster", x.system}}, fixed, y.diverged ? 1 : 0);
    });
  }

  /// Those whose backend is shown.
  template <class What>
  void each_member(What what) {
    for (const auto& x : all_.clusters)
      for (const auto& y : x->members)
        if (auto of = by_life_.find(y.life); of != by_life_.end())
          what(*x, y, of->second->value.labels);
  }

  [[nodiscard]] const entry* called(const std::string& name) {
    if (by_name_.empty())
      for (const auto& x : backends_)
        by_name_.emplace(x->value.name, x.get());
    auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
  }

  const fleet_view& all_;
  const entry_list& backends_;
  std::map<incarnation, const entry*> by_life_;
  std::map<std::string_view, const entry*> by_name_;
  family_writer to_;
};

} // namespace

std::string clusters_text(const fleet_view& all, double unix_now) {
  family_writer to;
  to.family("pgstatsmon_cluster_info", "gauge",
            "1; a cluster's system identifier, and cluster_name where its servers agree on one.");
  for (const auto& x : all.clusters)
    to.sample({{"cluster", x->system}, {"cluster_name", x->name}}, x->labels, 1);
  to.family("pgstatsmon_cluster_servers", "gauge",
            "Servers of the cluster that are watched and answer, by role.");
  for (const auto& x : all.clusters)
    for (auto standby : {false, true})
      to.sample({{"cluster", x->system}, {"role", standby ? "standby" : "primary"}}, x->labels,
                static_cast<double>(servers_of(*x, standby)));
  to.family("pgstatsmon_cluster_writable_servers", "gauge",
            "Servers of the cluster that take writes, of those that answer; more than one is a "
            "split brain.");
  for (const auto& x : all.clusters)
    to.sample({{"cluster", x->system}}, x->labels, static_cast<double>(x->writable));
  to.family("pgstatsmon_cluster_without_writable_seconds", "gauge",
            "Time since a server of the cluster that takes writes has answered; 0 while one does, "
            "absent when none has since our start.");
  for (const auto& x : all.clusters)
    if (x->writable_seen > 0)
      to.sample({{"cluster", x->system}}, x->labels,
                x->writable > 0 ? 0 : std::max(unix_now - x->writable_seen, 0.0));
  return to.text();
}

std::string members_text(const fleet_view& all, const entry_list& backends) {
  return member_texts{all, backends}.write();
}

} // namespace pgstatsmon
