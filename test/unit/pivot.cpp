// Rows of names and values as columns.
#define SUITE pivot

#include "actors/registry/pivot.hpp"

#include "test/unit/rows.hpp"
#include "test/unit/test.hpp"

#include "actors/registry/decode.hpp"

using namespace pgstatsmon;
using test::make_rows;

namespace {

const pivot_columns lists{"list", "items"};

} // namespace

TEST(each row becomes a column) {
  auto rows = make_rows({"list", "items"}, {{"pools", "3"}, {"users", "4"}, {"odd", {}}});
  auto x = pivoted(lists, *rows);
  REQUIRE(x != nullptr);
  CHECK_EQUAL(PQntuples(x.get()), 1);
  CAF_REQUIRE_EQUAL(PQnfields(x.get()), 3);
  CHECK_EQUAL(std::string{PQfname(x.get(), 1)}, "users");
  CHECK_EQUAL(std::string{PQgetvalue(x.get(), 0, 1)}, "4");
  CHECK_EQUAL(PQgetisnull(x.get(), 0, 2), 1);
}

TEST(other columns and their order say nothing) {
  auto rows = make_rows({"default", "items", "list"}, {{"1", "3", "pools"}, {"1", "9", "pools"}});
  auto x = pivoted(lists, *rows);
  REQUIRE(x != nullptr);
  CHECK_EQUAL(std::string{PQgetvalue(x.get(), 0, PQfnumber(x.get(), "pools"))}, "3");
}

TEST(a result without these columns or without rows has none) {
  for (const auto& rows : {make_rows({"list"}, {{"pools"}}), make_rows({"list", "items"}, {})}) {
    auto x = pivoted(lists, *rows);
    REQUIRE(x != nullptr);
    CHECK_EQUAL(PQnfields(x.get()), 0);
    CHECK_EQUAL(PQntuples(x.get()), 0);
  }
}

TEST(a pivot is decoded like any row) {
  query_definition query;
  query.name = "lists";
  query.metrics.resize(2);
  query.metrics[0].column = "users";
  query.metrics[1].column = "pools";
  auto turned = pivoted(lists, *make_rows({"list", "items"}, {{"pools", "3"}, {"users", "4"}}));
  REQUIRE(turned != nullptr);
  decode_report report;
  auto made = decode(query, {}, map_columns(query, *turned), *turned, report);
  CAF_REQUIRE_EQUAL(made.rows(), 1u);
  CHECK_EQUAL(made.value(0, 0), 4);
  CHECK_EQUAL(made.value(0, 1), 3);
}
