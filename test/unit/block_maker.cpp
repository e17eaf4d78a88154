// Results become blocks; those of two databases of one server never have a series in common.
#define SUITE block_maker

#include "actors/backend/block_maker.hpp"

#include "test/unit/rows.hpp"
#include "test/unit/test.hpp"

#include <set>

using namespace pgstatsmon;
using test::make_rows;

namespace {

/// One row with the same value for each label of a query.
std::shared_ptr<PGresult> one_row(const query_definition& query) {
  std::vector<std::string> columns = query.labels;
  test::row row(query.labels.size(), "same");
  for (const auto& x : query.metrics)
    if (std::ranges::find(columns, x.column) == columns.end()) {
      columns.push_back(x.column);
      row.emplace_back("1");
    }
  return make_rows(std::move(columns), {row});
}

backend watched(bool all) {
  backend result;
  result.name = "b";
  result.databases.on = all;
  return result;
}

void nobody(const log_fields&, const std::string&) {
  // nop
}

block_ptr block_of(const catalogue_ptr& queries, const std::string& database, bool visit) {
  block_maker maker{queries, watched(true), database};
  result_shapes shapes{queries, nobody};
  maker.begin();
  for (size_t i = 0; i < queries->queries().size(); ++i) {
    const auto& query = queries->queries()[i];
    decode_report report;
    if (!visit || query.scope == query_scope::database)
      maker.take(i, *one_row(query), shapes, {}, report);
  }
  return maker.finish({});
}

/// Every series of blocks, each as family and labels; an empty set when one comes twice.
std::set<std::string> series_of(const catalogue& queries, const std::vector<block_ptr>& blocks) {
  std::set<std::string> result;
  for (const auto& block : blocks)
    for (size_t i = 0; i < queries.queries().size(); ++i)
      for (const auto& metric : queries.queries()[i].metrics)
        for (size_t row = 0; row < block->of(i).rows(); ++row) {
          auto name = metric.family + metric.suffix + '{' + std::string{block->of(i).labels(row)}
                      + metric.label + '}';
          if (!result.insert(name).second) {
            CAF_MESSAGE(name);
            return {};
          }
        }
  return result;
}

} // namespace

TEST(no series comes twice from two databases in any vocabulary) {
  for (auto whose : {vocabulary::original, vocabulary::exporter, vocabulary::both}) {
    auto queries = in_words_of(built_in_catalogue(), whose);
    auto own = block_of(queries, "own", false);
    auto first = block_of(queries, "a", true);
    auto second = block_of(queries, "b", true);
    CHECK(!series_of(*queries, {own, first, second}).empty());
    CHECK(first->series() > 0u);
    CHECK(series_of(*queries, {first, first}).empty()); // the check itself
  }
}

TEST(a definition can not take the label for itself) {
  auto text = [](const char* labels) {
    return std::string{"name: mine\nhelp: x\nscope: database\nset: original\nlabels: ["} + labels
           + "]\nmetrics: [{column: n, help: x}]\nversions: [{sql: SELECT 1}]\n";
  };
  CHECK(!parse_catalogue({{"x.yaml", text("datname")}}));
}

TEST(a query whose series would have a label twice is left out) {
  query_definition query;
  query.name = "q";
  query.scope = query_scope::database;
  query.metrics = {{"n", "q_n", "N.", metric_type::gauge}};
  auto queries = std::make_shared<const catalogue>(std::vector{query});
  auto of = watched(true);
  of.labels = {{"datname", "x"}};
  result_shapes shapes{queries, nobody};
  decode_report report;
  block_maker maker{queries, of, "d"};
  CHECK(maker.take(0, *one_row(query), shapes, {}, report) == nullptr);
  of.databases.on = false;
  block_maker alone{queries, of, "d"};
  CHECK(alone.take(0, *one_row(query), shapes, {}, report) != nullptr);
}

TEST(what is kept stays and the rest goes with the next poll) {
  query_definition query;
  query.name = "q";
  query.metrics = {{"n", "q_n", "N.", metric_type::gauge}};
  auto queries = std::make_shared<const catalogue>(std::vector{query});
  block_maker maker{queries, watched(false), "d"};
  result_shapes shapes{queries, nobody};
  decode_report report;
  maker.take(0, *one_row(query), shapes, {}, report);
  CHECK_EQUAL(maker.finish({})->series(), 1u);
  maker.begin();
  CHECK_EQUAL(maker.finish({true})->series(), 1u);
  maker.begin();
  CHECK_EQUAL(maker.finish({false})->series(), 0u);
}
