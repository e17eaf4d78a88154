// The page and its parts, as they are asked for.
#define SUITE pages
#include "actors/exposition/pages.hpp"

#include "test/unit/http_client.hpp"
#include "test/unit/page_fixture.hpp"
#include "test/unit/test.hpp"

#include <algorithm>
#include <set>
#include <sstream>

using namespace pgstatsmon;
using namespace pgstatsmon::test;

namespace {

bool says(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

struct fixture : page_fixture {
  fixture() {
    for (const auto* name : {"a", "b/c d", "größe"})
      show(add(name), {{{R"(table="t")", {1, 2}}}, {{"", {3}}}});
    for (const auto& x : backends)
      cell->add(x);
    page_sources from{cell, [this] { return queries; }, daemon};
    from.left = left;
    from.sharing = sharing;
    add_pages(server, from, "/metrics");
    CAF_REQUIRE(!server.start());
  }

  http_answer get(std::string_view target, std::string_view headers = {}) const {
    return fetch(server.port(), "GET", target, headers);
  }

  std::string body(std::string_view target) const {
    auto x = get(target);
    CHECK_EQUAL(x.status, 200);
    CHECK_EQUAL(x.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    return x.body;
  }

  /// Where the fleet's backend `name` is.
  void owned_by(const std::string& name, const std::string& address) const {
    auto value = std::make_shared<backend>();
    value->name = name;
    sharing->set(std::make_shared<const fleet_targets>(
      fleet_targets{{value, std::make_shared<const std::string>(address)}}));
  }

  std::shared_ptr<lingering> left = std::make_shared<lingering>();
  std::shared_ptr<cluster_cell> sharing = std::make_shared<cluster_cell>();
  std::shared_ptr<snapshot_cell> cell = std::make_shared<snapshot_cell>();
  std::shared_ptr<daemon_metrics> daemon =
    std::make_shared<daemon_metrics>(label_list{{"dc", "x"}});
  http_server server{{}};
};

/// The samples of a page.
std::set<std::string> samples(const std::string& page) {
  std::set<std::string> result;
  std::istringstream in{page};
  for (std::string line; std::getline(in, line);)
    if (!line.starts_with('#'))
      CHECK(result.insert(line).second);
  return result;
}

/// Those that begin with a name.
size_t count(const std::string& page, const std::string& name) {
  const auto all = samples(page);
  return static_cast<size_t>(
    std::ranges::count_if(all, [&](const auto& x) { return x.starts_with(name + '{'); }));
}

} // namespace

FIXTURE_SCOPE(pages_tests, fixture)

TEST(a backend has a page of its own) {
  auto page = body("/metrics/backends/a");
  CHECK(says(page, "tables_scans{backend=\"a\",table=\"t\"} 1\n"));
  CHECK(says(page, "# TYPE pg_up gauge\npg_up{backend=\"a\"} 0\n"));
  for (const auto& x : samples(page))
    CHECK(says(x, "{backend=\"a\""));
}

TEST(pages of backends and of the daemon make the whole) {
  std::set<std::string> parts;
  for (const auto* x :
       {"/metrics/backends/a", "/metrics/backends/b%2Fc%20d", "/metrics/backends/gr%C3%B6%C3%9Fe"})
    parts.merge(samples(body(x)));
  auto names = [](const std::set<std::string>& xs) {
    std::set<std::string> result;
    for (const auto& x : xs)
      result.insert(x.substr(0, x.rfind(' ')));
    return result;
  };
  auto all = names(samples(body("/metrics")));
  auto of_daemon = names(samples(body("/metrics/daemon")));
  for (const auto& x : of_daemon)
    CHECK(!says(x, "backend="));
  auto together = names(parts);
  together.merge(of_daemon);
  CHECK(together == all);
}

TEST(names come in any form) {
  for (const auto* x : {"/metrics/backends/b/c%20d", "/metrics/backends/b%2Fc%20d",
                        "/metrics?backend=b/c+d", "/metrics?x=1&backend=b%2Fc%20d&y",
                        "/probe?target=b/c+d", "/probe?target=b%2fc%20d&auth_module=x"})
    CHECK(body(x) == body("/metrics/backends/b/c%20d"));
}

TEST(several backends have a page together) {
  auto page = body("/metrics?backend=a&backend=gr%C3%B6%C3%9Fe&backend=nobody");
  CHECK_EQUAL(count(page, "pg_up"), 2u);
  CHECK(!says(page, "b/c d"));
  CHECK(!says(page, "process_"));
}

TEST(chosen queries leave out the others) {
  auto page = body("/metrics?collect[]=tables");
  CHECK_EQUAL(count(page, "tables_scans"), 3u);
  CHECK_EQUAL(count(page, "tables_size"), 3u);
  CHECK_EQUAL(count(page, "pg_up"), 3u);
  CHECK_EQUAL(count(page, "tables_querytime_ms_count"), 3u);
  CHECK(!says(page, "server_"));
  CHECK(!says(page, "pgstatsmon_"));
  auto both = body("/metrics/backends/a?collect%5B%5D=tables&collect[]=server&collect[]=tables");
  CHECK_EQUAL(count(both, "tables_scans"), 1u);
  CHECK_EQUAL(count(both, "server_age"), 1u);
  CHECK_EQUAL(count(body("/probe?target=a&collect[]=server"), "server_age"), 1u);
}

TEST(an unknown backend is a 404 with a sentence) {
  for (const auto* x : {"/metrics/backends/nobody", "/metrics?backend=nobody",
                        "/probe?target=nobody", "/probe?target=nobody&collect[]=tables"}) {
    auto answer = get(x);
    CHECK_EQUAL(answer.status, 404);
    CHECK_EQUAL(answer.body, "no backend is called 'nobody'\n");
  }
  for (const auto* x : {"/metrics/backends/", "/metrics/backends", "/metrics/backends/A",
                        "/metrics/backends/a/", "/metrics/backends/a%00", "/metrics/backends/%ff",
                        "/metrics?backend=", "/metrics?backend", "/metrics/x", "/probe/a"})
    CHECK_EQUAL(get(x).status, 404);
  CHECK_EQUAL(get("/metrics?backend=%0A%1B%22").body, "no backend is called '\\n\\x1b\"'\n");
}

TEST(an unknown query is a 400 with a sentence) {
  for (const auto* x : {"/metrics?collect[]=tables&collect[]=none",
                        "/probe?target=a&collect[]=none", "/metrics/backends/a?collect[]=none"}) {
    auto answer = get(x);
    CHECK_EQUAL(answer.status, 400);
    CHECK_EQUAL(answer.body, "no query is called 'none'\n");
  }
  CHECK_EQUAL(get("/metrics?collect[]=").status, 400);
}

TEST(a probe needs one name) {
  for (const auto* x : {"/probe", "/probe?", "/probe?target",
                        "/probe?target=", "/probe?target=a&target=b", "/probe?backend=a"})
    CHECK_EQUAL(get(x).status, 400);
}

TEST(a part is compressed and has a head) {
  auto packed = get("/metrics/backends/a", "Accept-Encoding: gzip\r\n");
  CHECK_EQUAL(packed.headers["content-encoding"], "gzip");
  CHECK(packed.complete);
  auto head = fetch(server.port(), "HEAD", "/metrics?backend=a");
  CHECK_EQUAL(head.status, 200);
  CHECK_EQUAL(head.body, "");
  CHECK_EQUAL(fetch(server.port(), "POST", "/probe?target=a").status, 405);
}

TEST(who asks for a backend of another daemon is sent there) {
  owned_by("far/db", "[::1]:9187");
  auto x = get("/metrics/backends/far/db?collect[]=tables");
  CHECK_EQUAL(x.status, 307);
  CHECK_EQUAL(x.headers["location"],
              "//[::1]:9187/metrics/backends/far%2Fdb?moved=1&collect[]=tables");
  // Once, without a password, and to nobody whose backend is here.
  CHECK_EQUAL(get("/metrics/backends/far/db?moved=1").status, 404);
  CHECK_EQUAL(get("/metrics/backends/far/db", "Authorization: Basic eDp5\r\n").status, 404);
  CHECK_EQUAL(get("/metrics/backends/nobody").status, 404);
  owned_by("a", "other:1");
  CHECK_EQUAL(get("/metrics/backends/a").status, 200);
}

TEST(what is left of a backend is shown until its new owner has polled it) {
  backend gone;
  gone.name = gone.id = "gone";
  owned_by("gone", "other:1");
  auto now = std::chrono::steady_clock::now();
  left->keep(
    std::make_shared<entry>(gone, incarnation{9}, std::make_shared<backend_metrics>(queries)),
    now + std::chrono::hours{1});
  CHECK_EQUAL(get("/metrics/backends/gone").status, 200);
  auto follow = [&](lingering::time_point when, const std::string& address) {
    left->follow([=](const std::string&) { return std::make_shared<const std::string>(address); },
                 when);
  };
  follow(now, "other:1");
  CHECK_EQUAL(get("/metrics/backends/gone").status, 200);
  follow(now - lingering::first_poll, "third:1");
  auto x = get("/metrics/backends/gone");
  CHECK_EQUAL(x.headers["location"], "//third:1/metrics/backends/gone?moved=1");
  CHECK_EQUAL(get("/probe?target=gone").status, 200);
}

TEST(a part is not counted as a page) {
  body("/metrics/backends/a");
  body("/metrics?collect[]=tables");
  CHECK(says(body("/metrics"), "\npgstatsmon_pages_total{dc=\"x\"} 0\n"));
  CHECK(says(body("/metrics/daemon"), "\npgstatsmon_pages_total{dc=\"x\"} 1\n"));
}

TEST(targets beyond bounds are refused) {
  CHECK_EQUAL(get("/metrics?x=" + std::string(20'000, 'x')).status, 414);
  std::string many = "/metrics?a";
  for (int i = 0; i < 300; ++i)
    many += "&backend=a";
  CHECK_EQUAL(get(many).status, 414);
  CHECK_EQUAL(get("/metrics").status, 200);
}

FIXTURE_SCOPE_END()

TEST(routes lie below the one of the page) {
  CHECK_EQUAL(backends_route("/metrics"), "/metrics/backends/");
  CHECK_EQUAL(backends_route("/own/path/"), "/own/path/backends/");
}
