// The largest rows, the fastest growing ones, and the rest.
#define SUITE top_rows

#include "actors/registry/top_rows.hpp"

#include "test/unit/test.hpp"

#include <map>
#include <string>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

using values = std::map<std::string, double>;

query_definition query(uint32_t rows, row_limit::rank order, bool other, metric_type type) {
  query_definition result;
  result.name = "q";
  result.labels = {"id"};
  result.metrics = {{"x", "q_x", "X.", type}};
  result.limit = {.rows = rows, .by = 0, .order = order, .other = other};
  return result;
}

std::string labels(const std::string& id) {
  return "id=\"" + id + "\"";
}

section rows_of(const values& xs) {
  section result{1};
  for (const auto& [id, x] : xs) {
    result.add_row(labels(id));
    result.set(0, x);
  }
  return result;
}

values shown(const section& x) {
  values result;
  for (size_t i = 0; i < x.rows(); ++i) {
    std::string id{x.labels(i)};
    auto fresh = result.emplace(id.substr(4, id.size() - 5), x.value(i, 0)).second;
    CHECK(fresh);
  }
  return result;
}

constexpr auto by_value = row_limit::rank::value;
constexpr auto by_growth = row_limit::rank::growth;
const top_rows::time_point start{1h};

} // namespace

TEST(the largest are kept and equal ones by label) {
  auto q = query(2, by_value, false, metric_type::gauge);
  top_rows aut{q, {}};
  CHECK(shown(aut.keep(rows_of({{"a", 1}, {"b", 3}, {"c", 3}, {"d", 2}}), start))
        == (values{{"b", 3}, {"c", 3}}));
  CHECK(shown(aut.keep(rows_of({{"a", 5}, {"b", 5}, {"c", 5}}), start))
        == (values{{"a", 5}, {"b", 5}}));
}

TEST(the others of a gauge are added up) {
  auto q = query(1, by_value, true, metric_type::gauge);
  top_rows aut{q, {}};
  CHECK(shown(aut.keep(rows_of({{"a", 1}, {"b", 3}, {"c", 2}}), start))
        == (values{{"b", 3}, {"other", 3}}));
  CHECK(shown(aut.keep(rows_of({{"b", 3}}), start)) == (values{{"b", 3}}));
}

TEST(a row that is really called other is one of the others) {
  auto q = query(2, by_value, true, metric_type::gauge);
  top_rows aut{q, {}};
  CHECK(shown(aut.keep(rows_of({{"a", 1}, {"other", 9}, {"c", 2}}), start))
        == (values{{"c", 2}, {"other", 10}}));
}

TEST(the other of a counter never falls) {
  auto q = query(1, by_value, true, metric_type::counter);
  top_rows aut{q, {}};
  CHECK(shown(aut.keep(rows_of({{"a", 10}, {"b", 5}}), start))
        == (values{{"a", 10}, {"other", 5}}));
  // b overtakes: what it had as one of the others stays there.
  CHECK(shown(aut.keep(rows_of({{"a", 11}, {"b", 20}}), start))
        == (values{{"b", 20}, {"other", 6}}));
  // a begins anew: what it has since is growth.
  CHECK(shown(aut.keep(rows_of({{"a", 2}, {"b", 21}}), start))
        == (values{{"b", 21}, {"other", 8}}));
  // a is gone.
  CHECK(shown(aut.keep(rows_of({{"b", 22}}), start)) == (values{{"b", 22}, {"other", 8}}));
  // Who comes back was perhaps there all the time.
  CHECK(shown(aut.keep(rows_of({{"a", 7}, {"b", 22}}), start))
        == (values{{"b", 22}, {"other", 8}}));
}

TEST(who grows fastest is shown) {
  auto q = query(1, by_growth, true, metric_type::counter);
  top_rows aut{q, {}};
  CHECK(shown(aut.keep(rows_of({{"old", 1000}, {"new", 1}}), start)).contains("old"));
  values x{{"old", 1000}, {"new", 1}};
  // old is second, which is not behind twice as many as there are places.
  x["new"] = 50;
  CHECK(shown(aut.keep(rows_of(x), start + 1min)).contains("old"));
  x["new"] = 100;
  x["c"] = 0;
  aut.keep(rows_of(x), start + 2min);
  x["new"] = 200;
  x["c"] = 30;
  auto y = shown(aut.keep(rows_of(x), start + 3min));
  CHECK(y.contains("new"));
  CHECK(!y.contains("old"));
}

TEST(who does not grow for half an hour makes room) {
  auto q = query(1, by_growth, false, metric_type::counter);
  top_rows aut{q, {}};
  aut.keep(rows_of({{"a", 10}, {"b", 1}}), start);
  CHECK(shown(aut.keep(rows_of({{"a", 10}, {"b", 2}}), start + 29min)).contains("a"));
  CHECK(shown(aut.keep(rows_of({{"a", 10}, {"b", 3}}), start + 31min)) == (values{{"b", 3}}));
}

TEST(thousands that come and go leave no more rows than there are places) {
  auto q = query(10, by_growth, true, metric_type::counter);
  top_rows aut{q, {}};
  double other = 0;
  for (int round = 0; round < 50; ++round) {
    values x;
    for (int i = 0; i < 200; ++i)
      x[std::to_string(round * 50 + i)] = i * round;
    auto y = shown(aut.keep(rows_of(x), start + round * 1min));
    CHECK(y.size() <= 11u);
    if (y.contains("other")) {
      CHECK(y["other"] >= other);
      other = y["other"];
    }
  }
  CHECK(other > 0);
}

TEST(fixed labels stand before others) {
  auto q = query(1, by_value, true, metric_type::gauge);
  top_rows aut{q, R"(datname="app")"};
  section all{1};
  for (auto x : {1, 2}) {
    all.add_row(R"(datname="app",id=")" + std::to_string(x) + '"');
    all.set(0, x);
  }
  auto result = aut.keep(all, start);
  CHECK_EQUAL(result.labels(1), R"(datname="app",id="other")");
}
