// Families of the catalogue, then our own.
#include "actors/registry/page_layout.hpp"

#include <algorithm>

namespace pgstatsmon {

namespace {

void choose(page_layout& from, const std::vector<std::string>& only) {
  auto is_chosen = [&](const std::string& query) {
    return std::ranges::find(only, query) != only.end();
  };
  std::erase_if(from.data, [&](const data_family& family) {
    return !is_chosen(from.queries->queries()[family.query].name);
  });
  std::vector<std::string> own{"pg_up", "pgbouncer_up"};
  for (const auto& name : only)
    own.push_back(name + "_querytime_ms");
  std::erase_if(from.own, [&](const own_family& family) {
    return std::ranges::find(own, family.name) == own.end();
  });
}

} // namespace

layout_ptr make_layout(const catalogue_ptr& queries, own_metrics shown,
                       const std::vector<std::string>& only) {
  auto result = std::make_shared<page_layout>();
  result->queries = queries;
  result->shown = shown;
  result->own = own_families(queries, shown);
  result->data.reserve(queries->families());
  for (size_t i = 0; i < queries->queries().size(); ++i) {
    const auto& query = queries->queries()[i];
    for (size_t j = 0; j < query.metrics.size(); ++j)
      result->data.push_back({i, j, &query.metrics[j], query.scope == query_scope::database});
  }
  if (!only.empty())
    choose(*result, only);
  return result;
}

layout_ptr layout_cell::get(const catalogue_ptr& queries, own_metrics shown) {
  std::lock_guard guard{mutex_};
  if (newest_ == nullptr || newest_->queries != queries || newest_->shown != shown)
    newest_ = make_layout(queries, shown);
  return newest_;
}

} // namespace pgstatsmon
