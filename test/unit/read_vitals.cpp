// From blocks to vital signs.
#define SUITE read_vitals

#include "actors/registry/read_vitals.hpp"

#include "test/unit/test.hpp"

using namespace pgstatsmon;

namespace {

using sign = vital_sign;
using joining = vital_part::joining;

metric_definition metric(std::vector<vital_part> vitals) {
  metric_definition result;
  result.vitals = std::move(vitals);
  return result;
}

/// Sessions by database and state, and one row of totals.
catalogue_ptr make_catalogue() {
  query_definition sessions;
  sessions.name = "sessions";
  sessions.labels = {"datname", "state"};
  sessions.metrics = {
    metric({{sign::sessions, {}}, {sign::sessions_active, {{1, {"active"}}}}}),
    metric({{sign::oldest_transaction, {}, joining::max, 0}}),
    metric({{sign::slots_wal, {{0, {"a"}}, {1, {"idle", "active"}}}, joining::max, 7}})};
  query_definition totals;
  totals.name = "totals";
  totals.metrics = {metric({{sign::transactions, {}}}), metric({{sign::transactions, {}}}),
                    metric({{sign::wal, {}}})};
  return std::make_shared<const catalogue>(std::vector{sessions, totals});
}

struct fixture {
  void add(section& to, std::string_view labels, std::vector<double> values) {
    to.add_row(labels);
    for (size_t i = 0; i < values.size(); ++i)
      to.set(i, values[i]);
  }

  section_ptr sessions() {
    section result{3};
    add(result, R"(datname="a",state="active")", {3, 5, absent_sample()});
    add(result, R"(datname="a",state="idle")", {40, absent_sample(), 2});
    add(result, R"(datname="b",state="active")", {4, 9, 100});
    return std::make_shared<const section>(std::move(result));
  }

  section_ptr totals(double commits, double rollbacks) {
    section result{3};
    add(result, "", {commits, rollbacks});
    return std::make_shared<const section>(std::move(result));
  }

  block make(section_ptr a, section_ptr b) const { return {queries, {std::move(a), std::move(b)}}; }

  catalogue_ptr queries = make_catalogue();
};

} // namespace

FIXTURE_SCOPE(read_vitals_tests, fixture)

TEST(rows that count and metrics are put together) {
  auto x = read_vitals(make(sessions(), totals(10, 1)), nullptr).values;
  CHECK_EQUAL(x[sign::sessions], 47);
  CHECK_EQUAL(x[sign::sessions_active], 7);
  CHECK_EQUAL(x[sign::oldest_transaction], 9);
  CHECK_EQUAL(x[sign::transactions], 11);
}

TEST(all conditions have to hold) {
  auto x = read_vitals(make(sessions(), nullptr), nullptr).values;
  CHECK_EQUAL(x[sign::slots_wal], 2);
}

TEST(what has no answer is not known) {
  auto x = read_vitals(make(nullptr, totals(1, 1)), nullptr);
  CHECK(!x.values.has(sign::sessions));
  CHECK(!x.values.has(sign::oldest_transaction)); // whatever it would be without rows
  CHECK(!x.is_fresh(sign::sessions));
  CHECK(!x.values.has(sign::wal)); // the only value is NULL
  CHECK(!x.values.has(sign::lag)); // nobody says it
}

TEST(what it is without rows is the definitions to say) {
  auto x = read_vitals(make(std::make_shared<const section>(3), nullptr), nullptr).values;
  CHECK_EQUAL(x[sign::oldest_transaction], 0);
  CHECK_EQUAL(x[sign::slots_wal], 7);
  CHECK(!x.has(sign::sessions));
}

TEST(what is kept from an earlier poll is not fresh) {
  auto old = sessions();
  auto before = make(old, totals(1, 1));
  auto x = read_vitals(make(old, totals(2, 1)), &before);
  CHECK(!x.is_fresh(sign::sessions));
  CHECK(x.is_fresh(sign::transactions));
  CHECK_EQUAL(x.values[sign::sessions], 47);
  CHECK(read_vitals(before, nullptr).is_fresh(sign::sessions));
}

TEST(labels with quotes in their values are told apart) {
  section rows{3};
  add(rows, R"(datname="\",state=\"active",state="idle")", {1});
  add(rows, R"(datname="\\",state="active")", {2});
  add(rows, R"(datname=",state=",state="active")", {4});
  add(rows, R"(datname="x)", {8}); // no text of ours
  add(rows, "", {16});
  auto x = read_vitals(make(std::make_shared<const section>(std::move(rows)), nullptr), nullptr);
  CHECK_EQUAL(x.values[sign::sessions_active], 6);
}

FIXTURE_SCOPE_END()
