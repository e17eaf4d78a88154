// Which settings of a server have changed.
#define SUITE server_settings

#include "actors/backend/server_settings.hpp"

#include "test/unit/rows.hpp"
#include "test/unit/test.hpp"

#include "actors/backend/found_facts.hpp"

#include <string>
#include <vector>

using namespace pgstatsmon;
using test::make_rows;

namespace {

const std::vector<std::string> columns{"name", "hidden", "value", "boot", "unit", "pending"};

auto answer(std::vector<test::row> rows) {
  return make_rows(columns, rows);
}

test::row setting(const char* name, const char* value, const char* boot = "1",
                  const char* unit = "", const char* pending = "false") {
  return {name, "false", value, boot, unit, pending};
}

} // namespace

TEST(the first answer is no change) {
  server_settings known;
  CHECK(known.learn("a", *answer({setting("work_mem", "8192", "4096", "kB")})).empty());
  CHECK(known.learn("a", *answer({setting("work_mem", "8192", "4096", "kB")})).empty());
}

TEST(a change is told with what it was) {
  server_settings known;
  known.learn("a", *answer({setting("fsync", "on", "on"), setting("jit", "off", "on"),
                            setting("work_mem", "8192", "4096", "kB")}));
  auto now = answer({setting("fsync", "off", "on"), setting("jit", "on", "on"),
                     setting("work_mem", "16384", "4096", "kB")});
  std::vector<setting_change> expected{{.name = "fsync", .from = "on", .to = "off"},
                                       {.name = "jit", .from = "off", .to = "on"},
                                       {.name = "work_mem", .from = "8192kB", .to = "16384kB"}};
  CHECK(known.learn("a", *now) == expected);
  CHECK(known.learn("a", *now).empty());
}

TEST(what waits for a restart is told once and again when it came) {
  server_settings known;
  known.learn("a", *answer({setting("max_connections", "100", "100")}));
  auto waits = answer({setting("max_connections", "100", "100", "", "true")});
  std::vector<setting_change> expected{
    {.name = "max_connections", .pending = true, .from = "100", .to = ""}};
  CHECK(known.learn("a", *waits) == expected);
  CHECK(known.learn("a", *waits).empty());
  expected = {{.name = "max_connections", .from = "100", .to = "200"}};
  CHECK(known.learn("a", *answer({setting("max_connections", "200", "100")})) == expected);
}

TEST(no value of what may be a secret is told) {
  server_settings known;
  known.learn("a", *answer({{"primary_conninfo", "true", "-17", "5", "", "false"}}));
  std::vector<setting_change> expected{
    {.name = "primary_conninfo", .hidden = true, .from = "", .to = ""}};
  CHECK(known.learn("a", *answer({{"primary_conninfo", "true", "99", "5", "", "false"}}))
        == expected);
}

TEST(another server is no change) {
  server_settings known;
  known.learn("a", *answer({setting("jit", "off", "on")}));
  CHECK(known.learn("b", *answer({setting("jit", "on", "on")})).empty());
  CHECK_EQUAL(known.learn("b", *answer({setting("jit", "off", "on")})).size(), 1u);
}

TEST(an odd answer changes nothing) {
  server_settings known;
  known.learn("a", *answer({setting("jit", "off", "on")}));
  CHECK(known.learn("a", *make_rows({"name"}, {{"jit"}})).empty());
  // A setting that is not there any more, and one that was not there before.
  auto changes = known.learn("a", *answer({setting("new", "1")}));
  CHECK(changes.empty());
}

TEST(a hostile answer is cut) {
  server_settings known;
  std::vector<test::row> rows;
  for (int i = 0; i < 3000; ++i)
    rows.push_back(setting("x", std::string(1000, 'x').c_str(), "1"));
  CHECK(known.learn("a", *answer(rows)).empty());
  rows.clear();
  rows.push_back(setting("x", std::string(2000, 'y').c_str(), "1"));
  auto changes = known.learn("a", *answer(rows));
  REQUIRE(changes.size() == 1);
  CHECK_EQUAL(changes[0].to.size(), server_settings::max_value);
}

TEST(a unit may be a number of one) {
  CHECK_EQUAL(with_unit("16384", "8kB"), "131072kB");
  CHECK_EQUAL(with_unit("4096", "kB"), "4096kB");
  CHECK_EQUAL(with_unit("0.2", "ms"), "0.2ms");
  CHECK_EQUAL(with_unit("-1", "8kB"), "-1");
  CHECK_EQUAL(with_unit("0", "ms"), "0");
  CHECK_EQUAL(with_unit("on", ""), "on");
  CHECK_EQUAL(with_unit("7", ""), "7");
  CHECK_EQUAL(with_unit("7", "8"), "7");
}

TEST(when settings were read is a row among the facts and none of them) {
  auto rows =
    make_rows({"kind", "name", "value"}, {{"extension", "x", "1.0"}, {"loaded", "", "yesterday"}});
  CHECK_EQUAL(loaded_at(*rows), "yesterday");
  CHECK(found_facts{*rows}
        == found_facts{*make_rows({"kind", "name", "value"}, {{"extension", "x", "1.0"}})});
  CHECK_EQUAL(loaded_at(*make_rows({"kind", "name", "value"}, {})), "");
}
