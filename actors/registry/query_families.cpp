// Our own families that have a sample for each query, or are one query's.
//
// A catalogue of eighty queries would be most of a small backend's page. Unless asked otherwise,
// the original's queries have all that the original shows, at zero too, and the others what says
// something.
#include "actors/registry/escape.hpp"
#include "actors/registry/families.hpp"

namespace pgstatsmon {

namespace {

using write_function = std::function<void(sample_writer&, const entry&, const shown_blocks&)>;

/// What is shown of one query while it is zero.
enum class shown : uint8_t {
  always,     ///< For the original's queries, and with `full` for all.
  if_planned, ///< For others where they apply, so that increase() sees the first error.
  never,
};

/// A query with its rendered label.
struct labelled_query {
  size_t index = 0;
  std::string label;
  shown at_zero = shown::always;
};

shown zeros_of(const query_definition& query, shown others, own_metrics wanted) {
  return has_own_times(query, wanted) ? shown::always : others;
}

std::vector<labelled_query> labelled(const catalogue& queries, shown others, own_metrics wanted) {
  std::vector<labelled_query> result;
  for (size_t i = 0; i < queries.queries().size(); ++i) {
    const auto& query = queries.queries()[i];
    result.push_back({i, render_labels({{"query", query.name}}), zeros_of(query, others, wanted)});
  }
  return result;
}

// A member of query_metrics, for each query.
write_function per_query(const catalogue_ptr& queries, std::atomic<uint64_t> query_metrics::*member,
                         shown others, own_metrics wanted) {
  return [=, all = labelled(*queries, others, wanted)](sample_writer& to, const entry& backend,
                                                       const shown_blocks&) {
    if (backend.metrics->queries() != queries)
      return;
    for (const auto& [i, label, at_zero] : all) {
      if (queries->queries()[i].kind != backend.value.kind)
        continue;
      const auto& counts = backend.metrics->query(i);
      auto value = (counts.*member).load(std::memory_order_relaxed);
      auto planned = at_zero == shown::if_planned && counts.planned.load(std::memory_order_relaxed);
      if (value > 0 || at_zero == shown::always || planned)
        to.sample(label, value);
    }
  };
}

/// A value that is no number of one metric.
struct labelled_metric {
  size_t query = 0;
  size_t metric = 0;
  std::string label;
  bool at_zero = false;
};

write_function bad_values(const catalogue_ptr& queries, own_metrics wanted) {
  std::vector<labelled_metric> all;
  for (size_t i = 0; i < queries->queries().size(); ++i) {
    const auto& query = queries->queries()[i];
    for (size_t j = 0; j < query.metrics.size(); ++j)
      if (query.metrics[j].leads)
        all.push_back({i, j,
                       render_labels({{"query", query.name}, {"name", query.metrics[j].family}}),
                       zeros_of(query, shown::never, wanted) == shown::always});
  }
  return [=, all = std::move(all)](sample_writer& to, const entry& backend, const shown_blocks&) {
    if (backend.metrics->queries() != queries)
      return;
    for (const auto& [i, j, label, at_zero] : all)
      if (queries->queries()[i].kind != backend.value.kind)
        continue;
      else if (auto value = backend.metrics->query(i).bad(j); at_zero || value > 0)
        to.sample(label, value);
  };
}

/// Time or number of answers of the queries that have no histogram on each backend.
write_function sums(const catalogue_ptr& queries, bool time) {
  std::vector<labelled_query> all;
  for (auto& x : labelled(*queries, shown::never, own_metrics::contract))
    if (x.at_zero == shown::never)
      all.push_back(std::move(x));
  return [=, all = std::move(all)](sample_writer& to, const entry& backend, const shown_blocks&) {
    constexpr double ms_per_second = 1000;
    if (backend.metrics->queries() != queries)
      return;
    for (const auto& [i, label, at_zero] : all) {
      const auto& counts = backend.metrics->query(i);
      auto answers = counts.answers.load(std::memory_order_relaxed);
      if (answers > 0 && time)
        to.sample(label, counts.ms.load(std::memory_order_relaxed) / ms_per_second);
      else if (answers > 0)
        to.sample(label, answers);
    }
  };
}

// How old rows are that no poll of the last moments has read.
write_function last_successes(const catalogue_ptr& queries) {
  auto all = labelled(*queries, shown::never, own_metrics::contract);
  std::erase_if(all, [&](const auto& x) { return queries->queries()[x.index].every.count() == 0; });
  return [=, all = std::move(all)](sample_writer& to, const entry& backend, const shown_blocks&) {
    if (backend.metrics->queries() == queries)
      for (const auto& [i, label, at_zero] : all)
        if (auto when = backend.metrics->query(i).last_success.load(std::memory_order_relaxed);
            when > 0)
          to.sample(label, when);
  };
}

write_function times_of(const catalogue_ptr& queries, size_t i) {
  return [=](sample_writer& to, const entry& backend, const shown_blocks&) {
    static const query_times none{query_time_bounds};
    if (backend.metrics->queries() != queries)
      return;
    const auto* times = backend.metrics->query(i).times.get();
    to.histogram_of(times == nullptr ? none : *times);
  };
}

} // namespace

std::vector<own_family> query_families(const catalogue_ptr& queries, own_metrics wanted) {
  using m = query_metrics;
  std::vector<own_family> result{
    {"pgstatsmon_duplicate_rows_total", "counter",
     "Rows left out because another row had the same labels.",
     per_query(queries, &m::duplicates, shown::never, wanted)},
    {"pgstatsmon_query_last_success_timestamp_seconds", "gauge",
     "When a query with an interval of its own was last answered, Unix time.",
     last_successes(queries)},
    {"pgstatsmon_query_seconds_total", "counter",
     "Time of the answers to a query that is not the original's.", sums(queries, true)},
    {"pgstatsmon_query_answers_total", "counter", "Answers to a query that is not the original's.",
     sums(queries, false)},
    {"pg_query_error", "counter", "Queries that the backend answered with an error.",
     per_query(queries, &m::errors, shown::if_planned, wanted)},
    {"pg_query_timeout", "counter", "Queries that took longer than query_timeout.",
     per_query(queries, &m::timeouts, shown::if_planned, wanted)},
    {"pg_NaN_error", "counter", "Values that were no number.", bad_values(queries, wanted)},
  };
  for (size_t i = 0; i < queries->queries().size(); ++i)
    if (has_own_times(queries->queries()[i], wanted))
      result.push_back({queries->queries()[i].name + "_querytime_ms", "histogram",
                        "Time of the query, in milliseconds.", times_of(queries, i), zeros::hidden,
                        queries->queries()[i].kind});
  return result;
}

} // namespace pgstatsmon
