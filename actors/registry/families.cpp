// Name, type, help and value of each of our own families, side by side.
#include "actors/registry/families.hpp"

#include "actors/registry/escape.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace pgstatsmon {

namespace {

using write_function = std::function<void(sample_writer&, const entry&, const shown_blocks&)>;

// A member of backend_metrics that is one sample.
template <class T>
write_function value_of(std::atomic<T> backend_metrics::*member) {
  return [member](sample_writer& to, const entry& who, const shown_blocks&) {
    auto value = ((*who.metrics).*member).load(std::memory_order_relaxed);
    if constexpr (std::is_same_v<T, double>)
      to.sample({}, value);
    else
      to.sample({}, static_cast<uint64_t>(value));
  };
}

// One sample for each value that an enumeration can have: 1 for the one that it has.
template <class T, size_t N>
write_function state_of(std::atomic<T> backend_metrics::*member, std::string_view label,
                        const std::array<T, N>& all) {
  std::vector<std::pair<T, std::string>> labels;
  labels.reserve(N);
  for (auto x : all)
    labels.emplace_back(x, fmt::format(R"({}="{}")", label, to_string_view(x)));
  return
    [member, labels = std::move(labels)](sample_writer& to, const entry& who, const shown_blocks&) {
      auto now = ((*who.metrics).*member).load(std::memory_order_relaxed);
      for (const auto& [value, text] : labels)
        to.sample(text, uint64_t{value == now});
    };
}

write_function failures_by_reason() {
  std::vector<std::pair<failure, std::string>> labels;
  labels.reserve(all_failures.size());
  for (auto x : all_failures)
    labels.emplace_back(x, fmt::format(R"(reason="{}")", to_string_view(x)));
  return [labels = std::move(labels)](sample_writer& to, const entry& who, const shown_blocks&) {
    for (const auto& [reason, text] : labels)
      if (reason != failure::stats_users || who.value.kind == backend_kind::pgbouncer)
        to.sample(text, who.metrics->failures(reason));
  };
}

void write_info(sample_writer& to, const entry& who, const shown_blocks&) {
  auto version = who.metrics->server_version.load(std::memory_order_relaxed);
  auto role = who.metrics->role.load(std::memory_order_relaxed);
  to.sample(fmt::format(R"(version="{}",role="{}")", version_text(version), to_string_view(role)),
            uint64_t{1});
}

// While a page is written a first block may come, which this page has not.
bool is_up(const entry& who, const shown_blocks& shown) {
  return shown.answered && who.metrics->up.load(std::memory_order_relaxed);
}

void write_up(sample_writer& to, const entry& who, const shown_blocks& shown) {
  to.sample({}, uint64_t{is_up(who, shown)});
}

// pg_up's opposite, for alerts of postgres_exporter's.
void write_last_error(sample_writer& to, const entry& who, const shown_blocks& shown) {
  to.sample({}, uint64_t{!is_up(who, shown)});
}

void write_interval(sample_writer& to, const entry& who, const shown_blocks&) {
  constexpr double nanosecond = 1e-9;
  if (who.metrics->pace.load(std::memory_order_relaxed) == pace_reason::fixed)
    return;
  auto interval = who.metrics->interval.load(std::memory_order_relaxed);
  to.sample({}, static_cast<double>(interval.count()) * nanosecond);
}

void write_certificate_end(sample_writer& to, const entry& who, const shown_blocks&) {
  if (auto end = who.metrics->certificate_end.load(std::memory_order_relaxed); end > 0)
    to.sample({}, end);
}

// The backend's own database is watched by its own session.
void write_databases_up(sample_writer& to, const entry& who, const shown_blocks& shown) {
  auto all = who.metrics->databases.load(std::memory_order_acquire);
  if (all == nullptr)
    return;
  to.sample(render_labels({{"datname", who.value.database}}), uint64_t{is_up(who, shown)});
  for (const auto& database : all->watched)
    if (database->tried)
      to.sample(database->labels, uint64_t{database->up});
}

void write_databases(sample_writer& to, const entry& who, const shown_blocks&) {
  auto all = who.metrics->databases.load(std::memory_order_acquire);
  if (all == nullptr)
    return;
  to.sample(R"(state="watched")", uint64_t{1 + all->watched.size()});
  to.sample(R"(state="excluded")", all->excluded);
  to.sample(R"(state="beyond_max")", all->beyond_max);
}

// Leaves whether a backend is there, how it is, when it last was well, and what has happened.
void keep_minimum(std::vector<own_family>& all) {
  constexpr std::array<std::string_view, 8> details{"pgstatsmon_backend_setup",
                                                    "pgstatsmon_backend_info",
                                                    "pgstatsmon_backend_round_trip_seconds",
                                                    "pgstatsmon_backend_series",
                                                    "pgstatsmon_poll_duration_seconds",
                                                    "pg_query_count",
                                                    "pgstatsmon_query_seconds_total",
                                                    "pgstatsmon_query_answers_total"};
  std::erase_if(all, [&](const auto& x) { return std::ranges::count(details, x.name) > 0; });
  for (auto& x : all)
    if (x.type == "counter")
      x.never_connected = zeros::hidden;
}

} // namespace

// Names without `pgstatsmon_`, and those without `_total`, are the original's.
std::vector<own_family> own_families(const catalogue_ptr& queries, own_metrics wanted) {
  using m = backend_metrics;
  std::vector<own_family> result{
    {"pg_up", "gauge", "1 if the backend is connected and answered its last poll, else 0.",
     write_up, zeros::shown, backend_kind::postgres},
    {"pgbouncer_up", "gauge",
     "1 if the pgbouncer is connected and its console answered the last poll, else 0.", write_up,
     zeros::shown, backend_kind::pgbouncer},
    {"pgstatsmon_backend_state", "gauge", "1 for the state that the backend is in, 0 for others.",
     state_of(&m::state, "state", all_backend_states)},
    {"pgstatsmon_backend_setup", "gauge",
     "1 for what is known of the role's rights on the backend, 0 for others.",
     state_of(&m::setup, "state", all_setup_states), zeros::hidden, backend_kind::postgres},
    {"pgstatsmon_backend_info", "gauge", "1; version and role of the server are its labels.",
     write_info},
    {"pgstatsmon_backend_last_success_timestamp_seconds", "gauge",
     "When the backend was last polled without an error, Unix time; 0 if never.",
     value_of(&m::last_success), zeros::shown},
    {"pgstatsmon_backend_failures_total", "counter",
     "Connections and polls of the backend that failed, by reason.", failures_by_reason()},
    {"pgstatsmon_backend_connects_total", "counter", "Connections established to the backend.",
     value_of(&m::connects)},
    {"pgstatsmon_backend_restarts_total", "counter",
     "Times that the backend's actors died and were started again.", value_of(&m::restarts)},
    {"pgstatsmon_backend_setting_changes_total", "counter",
     "Settings of the backend's server that were found to have changed.",
     value_of(&m::setting_changes), zeros::hidden, backend_kind::postgres},
    {"pgstatsmon_backend_paused", "gauge",
     "1 while polling of the backend is paused by an operator's order.", value_of(&m::paused)},
    {"pgstatsmon_backend_round_trip_seconds", "gauge",
     "Shortest time to an answer in the backend's last poll; 0 if not known.",
     value_of(&m::round_trip)},
    {"pgstatsmon_backend_interval_seconds", "gauge",
     "How often the backend is polled; with `interval: auto`.", write_interval},
    {"pgstatsmon_backend_budget_used_ratio", "gauge",
     "Of what watching the backend may cost its server, how much the last five minutes did.",
     value_of(&m::budget_used), zeros::hidden, backend_kind::postgres},
    {"pgstatsmon_backend_own_budget_used_ratio", "gauge",
     "Of what reading the backend's results may cost us, how much the last five minutes did.",
     value_of(&m::own_budget_used), zeros::hidden, backend_kind::postgres},
    {"pgstatsmon_backend_stretched_queries", "gauge",
     "Queries that the backend is asked less often, so that they cost no more than they may.",
     value_of(&m::stretched), zeros::hidden, backend_kind::postgres},
    {"pgstatsmon_backend_certificate_expiry_timestamp_seconds", "gauge",
     "When the certificate ends that the server showed, Unix time; absent without TLS.",
     write_certificate_end},
    {"pgstatsmon_backend_series", "gauge", "Series of the backend's last poll on this page.",
     [](sample_writer& to, const entry&, const shown_blocks& x) {
       to.sample({}, uint64_t{x.series()});
     }},
    {"pgstatsmon_database_up", "gauge",
     "1 if the database answered the last time that it was asked, else 0.", write_databases_up,
     zeros::shown},
    {"pgstatsmon_databases", "gauge",
     "Databases of the backend's server that are watched, excluded, or more than databases.max.",
     write_databases, zeros::shown},
    {"pgstatsmon_poll_duration_seconds", "histogram",
     "Time of a poll from the first byte sent to the last result.",
     [](sample_writer& to, const entry& x, const shown_blocks&) {
       to.histogram_of(x.metrics->poll_seconds);
     }},
    {"pgstatsmon_polls_skipped_total", "counter",
     "Ticks that found the backend's last poll not over.", value_of(&m::polls_skipped)},
    {"pg_query_count", "counter", "Queries that apply to the backend.", value_of(&m::planned)},
    {"pg_connect_error", "counter", "Polls that found no connection to the backend.",
     value_of(&m::connect_errors), zeros::shown},
  };
  if (queries->words() != vocabulary::original)
    result.push_back({"pg_exporter_last_scrape_error", "gauge",
                      "1 if the backend's last poll was not answered, else 0.", write_last_error,
                      zeros::shown, backend_kind::postgres});
  for (auto& x : query_families(queries, wanted))
    result.push_back(std::move(x));
  if (wanted == own_metrics::minimal)
    keep_minimum(result);
  return result;
}

std::string_view product_name(backend_kind x) noexcept {
  return x == backend_kind::pgbouncer ? "pgbouncer" : "PostgreSQL";
}

std::string version_text(int32_t server_version) {
  if (server_version <= 0)
    return "unknown";
  auto major = server_version / 10'000;
  if (major >= 10)
    return fmt::format("{}.{}", major, server_version % 10'000);
  return fmt::format("{}.{}.{}", major, server_version / 100 % 100, server_version % 100);
}

} // namespace pgstatsmon
