// Which families a page has: all, some, and when the list is made anew.
#define SUITE page_layout

#include "actors/registry/page_layout.hpp"

#include "test/unit/page_fixture.hpp"
#include "test/unit/test.hpp"

using namespace pgstatsmon;

namespace {

std::vector<std::string> own_names(const layout_ptr& of) {
  std::vector<std::string> result;
  for (const auto& family : of->own)
    result.push_back(family.name);
  return result;
}

} // namespace

FIXTURE_SCOPE(page_layout_tests, test::page_fixture)

TEST(every metric of the catalogue has a family and our own follow) {
  auto layout = make_layout(queries, own_metrics::contract);
  CHECK_EQUAL(layout->data.size(), queries->families());
  CHECK_EQUAL(layout->own.size(), own_families(queries).size());
}

TEST(a choice of queries leaves their families and whether the backend is up) {
  auto layout = make_layout(queries, own_metrics::contract, {"server"});
  for (const auto& family : layout->data)
    CHECK_EQUAL(queries->queries()[family.query].name, "server");
  for (const auto& name : own_names(layout))
    CHECK(name == "pg_up" || name == "pgbouncer_up" || name == "server_querytime_ms");
}

TEST(the layout of whole pages is made once for a catalogue and an option) {
  layout_cell cell;
  auto first = cell.get(queries, own_metrics::contract);
  CHECK(cell.get(queries, own_metrics::contract) == first);
  auto minimal = cell.get(queries, own_metrics::minimal);
  CHECK(minimal != first);
  CHECK(minimal->own.size() < first->own.size());
  auto other = std::make_shared<const catalogue>(std::vector<query_definition>{});
  CHECK(cell.get(other, own_metrics::minimal)->data.empty());
}

FIXTURE_SCOPE_END()
