// What the page says of clusters and their members.
#define SUITE fleet_text

#include "actors/fleet/fleet_text.hpp"

#include "test/unit/page_fixture.hpp"
#include "test/unit/test.hpp"

using namespace pgstatsmon;

namespace {

struct fixture : test::page_fixture {
  fixture() {
    auto a = add("a", {{"cluster", "theirs"}, {"dc", "x"}});
    auto b = add("b", {{"dc", "x"}});
    auto again = add("a2", {{"dc", "x"}});
    for (const auto& x : {a, b, again}) {
      x->metrics->up = true;
      x->metrics->clock_offset = 0.5;
    }
    auto cluster = std::make_shared<cluster_view>();
    cluster->system = "7";
    cluster->name = "main";
    cluster->labels = {{"dc", "x"}};
    cluster->writable = 1;
    cluster->writable_seen = 1000;
    member_view first{.name = "a", .backend = "a", .life = 1};
    first.entries = {"a", "a2"};
    first.fresh = true;
    member_view second{.name = "b", .backend = "b", .life = 2};
    second.entries = {"b"};
    second.fresh = second.standby = true;
    second.attached = true;
    second.upstream = "a";
    second.lag = 2.5;
    member_view missed{.name = "far@x", .backend = "a", .life = 1};
    missed.standby = true;
    missed.attached = false;
    missed.upstream = "a";
    cluster->members = {first, second, missed};
    view.clusters = {cluster};
    view.roles = {{1, {.standby = false}},
                  {2, {.standby = true, .changes = 3, .last_change = 900}}};
    view.same_as = {{3, "a"}};
  }

  static std::string without_heads(const std::string& text) {
    std::string result;
    for (size_t i = 0; i < text.size();) {
      auto end = text.find('\n', i) + 1;
      if (text[i] != '#')
        result += text.substr(i, end - i);
      i = end;
    }
    return result;
  }

  fleet_view view;
};

} // namespace

FIXTURE_SCOPE(fleet_text_tests, fixture)

TEST(members) {
  CHECK_EQUAL(without_heads(members_text(view, backends)),
              R"(pgstatsmon_backend_clock_offset_seconds{backend="a",cluster="theirs",dc="x"} 0.5
pgstatsmon_backend_clock_offset_seconds{backend="b",dc="x"} 0.5
pgstatsmon_role_changes_total{backend="a",cluster="theirs",dc="x"} 0
pgstatsmon_role_changes_total{backend="b",dc="x"} 3
pgstatsmon_role_last_change_timestamp_seconds{backend="b",dc="x"} 900
pgstatsmon_cluster_member_info{backend="a",cluster="7",server="a",role="primary",dc="x"} 1
pgstatsmon_cluster_member_info{backend="a2",cluster="7",server="a",role="primary",dc="x"} 1
pgstatsmon_cluster_member_info{backend="b",cluster="7",server="b",role="standby",dc="x"} 1
pgstatsmon_standby_attached{backend="b",cluster="7",standby="b",upstream="a",dc="x"} 1
pgstatsmon_standby_attached{backend="a",cluster="7",standby="far@x",upstream="a",dc="x"} 0
pgstatsmon_standby_lag_seconds{backend="b",cluster="7",standby="b",dc="x"} 2.5
pgstatsmon_timeline_diverged{backend="a",cluster="7",dc="x"} 0
pgstatsmon_timeline_diverged{backend="b",cluster="7",dc="x"} 0
)");
}

TEST(some of the members) {
  auto text = members_text(view, {backends[1]});
  CHECK(text.find("backend=\"a") == std::string::npos);
  CHECK(text.find("pgstatsmon_standby_lag_seconds{backend=\"b\"") != std::string::npos);
}

TEST(a backend that is down has no clock) {
  backends[1]->metrics->up = false;
  CHECK(members_text(view, {backends[1]}).find("clock") == std::string::npos);
}

TEST(clusters) {
  CHECK_EQUAL(without_heads(clusters_text(view, 2000)),
              R"(pgstatsmon_cluster_info{cluster="7",cluster_name="main",dc="x"} 1
pgstatsmon_cluster_servers{cluster="7",role="primary",dc="x"} 1
pgstatsmon_cluster_servers{cluster="7",role="standby",dc="x"} 1
pgstatsmon_cluster_writable_servers{cluster="7",dc="x"} 1
pgstatsmon_cluster_without_writable_seconds{cluster="7",dc="x"} 0
)");
}

TEST(a cluster that nobody can write to says since when) {
  auto changed = std::make_shared<cluster_view>(*view.clusters[0]);
  changed->writable = 0;
  view.clusters = {changed};
  auto text = clusters_text(view, 2000);
  CHECK(text.find("without_writable_seconds{cluster=\"7\",dc=\"x\"} 1000\n") != std::string::npos);
  changed->writable_seen = 0;
  CHECK(clusters_text(view, 2000).find("without_writable") == std::string::npos);
}

TEST(a fleet without clusters has no families) {
  CHECK(clusters_text({}, 0).empty());
  CHECK(members_text({}, {}).empty());
}

FIXTURE_SCOPE_END()
