// Differences of counters between two looks.
#include "actors/console/stat_tables.hpp"

#include "actors/registry/block.hpp"

#include <algorithm>

namespace pgstatsmon {

namespace {

/// A counter that is smaller than before has begun anew.
template <class T>
T grown(T now, T before) {
  return now >= before ? now - before : now;
}

cell mean(double seconds, uint64_t times) {
  if (times == 0)
    return none();
  return span(caf::timespan{static_cast<int64_t>(seconds / static_cast<double>(times) * 1e9)});
}

/// The value of a label in rendered text.
std::string_view label_in(std::string_view text, std::string_view name) {
  for (size_t i = 0; (i = text.find(name, i)) != std::string_view::npos; i += name.size()) {
    auto begin = i + name.size() + 2;
    if ((i > 0 && text[i - 1] != ',') || text.substr(i + name.size(), 2) != "=\"")
      continue;
    return text.substr(begin, text.find('"', begin) - begin);
  }
  return {};
}

/// Whether a name is made as Manta's, `1.postgres.east-7b1d6be2`: a shard, what it is of, and the
/// first or last digits of a zone's uuid.
bool is_of_manta(std::string_view name) {
  constexpr size_t zone = 8;
  auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return std::ranges::count(name, '.') >= 2 && name.size() > zone
         && std::ranges::all_of(name.substr(name.size() - zone), is_hex);
}

std::string_view shard_of(std::string_view name) {
  return name.substr(0, name.find('.'));
}

std::string_view zone_of(std::string_view name) {
  constexpr size_t length = 8;
  return name.size() > length ? name.substr(name.size() - length) : name;
}

/// A number of bytes as the scripts show it.
cell bytes(double x) {
  return count(static_cast<uint64_t>(std::max(x, 0.0)));
}

} // namespace

void stat_tables::add_query(counts& to, const query_metrics& x) {
  to.timeouts += x.timeouts.load(std::memory_order_relaxed);
  to.errors += x.errors.load(std::memory_order_relaxed);
  to.not_numbers += x.all_bad();
}

stat_tables::counts stat_tables::since(const counts& now, const counts& before) {
  return {grown(now.time, before.time),
          grown(now.times, before.times),
          grown(now.timeouts, before.timeouts),
          grown(now.errors, before.errors),
          grown(now.connect_errors, before.connect_errors),
          grown(now.not_numbers, before.not_numbers)};
}

report stat_tables::backends(const entry_list& backends) {
  table result{{},
               "backendstat",
               {{"BACKEND", "backend"},
                times_column("LAT", "latency_seconds"),
                number_column("QTIM", "query_timeouts"),
                number_column("QERR", "query_errors"),
                number_column("CERR", "connect_errors"),
                number_column("NaN", "not_numbers")}};
  std::map<incarnation, counts> seen;
  for (const auto& x : backends) {
    const auto& m = *x->metrics;
    counts now;
    now.time = m.poll_seconds.sum();
    now.times = m.poll_seconds.count();
    now.connect_errors = m.connect_errors.load(std::memory_order_relaxed);
    for (size_t i = 0; i < m.queries()->queries().size(); ++i)
      add_query(now, m.query(i));
    auto y = since(now, backends_[x->life]);
    seen.emplace(x->life, now);
    result.rows.push_back({words(x->value.name), mean(y.time, y.times), count(y.timeouts),
                           count(y.errors), count(y.connect_errors), count(y.not_numbers)});
  }
  backends_ = std::move(seen);
  return {std::move(result)};
}

report stat_tables::queries(const entry_list& backends, const catalogue& queries) {
  table result{{},
               "querystat",
               {{"QUERY", "query"},
                times_column("LAT", "latency_seconds"),
                number_column("QTIM", "query_timeouts"),
                number_column("QERR", "query_errors"),
                number_column("NaN", "not_numbers")}};
  constexpr double per_ms = 1e-3; // s
  for (size_t i = 0; i < queries.queries().size(); ++i) {
    counts now;
    for (const auto& x : backends) {
      if (x->metrics->queries().get() != &queries)
        continue;
      const auto& m = x->metrics->query(i);
      now.time += m.ms.load(std::memory_order_relaxed) * per_ms;
      now.times += m.answers.load(std::memory_order_relaxed);
      add_query(now, m);
    }
    const auto& name = queries.queries()[i].name;
    auto y = since(now, queries_[name]);
    queries_[name] = now;
    result.rows.push_back({words(name), mean(y.time, y.times), count(y.timeouts), count(y.errors),
                           count(y.not_numbers)});
  }
  return {std::move(result)};
}

void stat_tables::add_standbys(table& to, const entry& of, const block& samples,
                               wal_rows& seen) const {
  const auto& queries = samples.queries()->queries();
  auto query =
    std::ranges::find_if(queries, [](const auto& x) { return x.replication.has_value(); });
  if (query == queries.end())
    return;
  const auto& rows = samples.of(static_cast<size_t>(query - queries.begin()));
  for (size_t i = 0; i < rows.rows(); ++i) {
    wal_positions now{};
    for (size_t j = 0; j < now.size(); ++j)
      if (auto value = rows.value(i, (*query->replication)[j]); !is_absent(value))
        now[j] = value;
    std::pair key{of.life, std::string{rows.labels(i)}};
    auto found = wal_.find(key);
    auto before = found == wal_.end() ? wal_positions{} : found->second;
    const auto& name = of.value.name;
    auto manta = is_of_manta(name);
    to.rows.push_back(
      {words(name), manta ? words(shard_of(name)) : none(), manta ? words(zone_of(name)) : none(),
       words(label_in(key.second, "sync_state")), bytes(grown(now[0], before[0])),
       bytes(grown(now[1], before[1])), bytes(grown(now[2], before[2])),
       bytes(grown(now[3], before[3])), words(label_in(key.second, "application_name"))});
    seen.emplace(std::move(key), now);
  }
}

report stat_tables::wal(const entry_list& backends) {
  table result{{},
               "walstat",
               {{"BACKEND", "backend"},
                {"SHARD", "shard"},
                {"ZONE", "zone"},
                {"REPL", "sync_state"},
                number_column("SENT", "sent_bytes"),
                number_column("WRITTEN", "written_bytes"),
                number_column("FLUSHED", "flushed_bytes"),
                number_column("REPLAYED", "replayed_bytes"),
                {"STANDBY", "standby"}}};
  wal_rows seen;
  for (const auto& x : backends)
    if (auto samples = x->samples.load(std::memory_order_acquire))
      add_standbys(result, *x, *samples, seen);
  wal_ = std::move(seen);
  // Shard and zone say who it is, where names are made so.
  auto manta = !result.rows.empty() && std::ranges::none_of(result.rows, [](const auto& row) {
    return row[1].json.is_null();
  });
  result.columns[0].shown = !manta;
  result.columns[1].shown = manta;
  result.columns[2].shown = manta;
  return {std::move(result)};
}

} // namespace pgstatsmon
