// The settings that our sessions have.
#define SUITE pins

#include "actors/backend/pins.hpp"

#include "test/unit/test.hpp"

#include <string>
#include <string_view>

using namespace pgstatsmon;

namespace {

constexpr session_limits polling{.statement_timeout = 1000, .lock_timeout = 500};

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST(the packet says what must hold before the first statement) {
  auto options = startup_options(polling, 0);
  CHECK(options.starts_with("-c search_path=pg_catalog,pg_temp -c role=none"));
  CHECK(has(options, " -c local_preload_libraries= "));
  CHECK(has(options, " -c default_transaction_isolation=read\\ committed "));
  CHECK(has(options, " -c default_transaction_read_only=on "));
  CHECK(options.ends_with(" -c statement_timeout=1000 -c lock_timeout=500"));
}

TEST(the packet says nothing that the server is not known to know) {
  CHECK(!has(startup_options(polling, 0), "idle_session_timeout"));
  CHECK(!has(startup_options(polling, 130010), "idle_session_timeout"));
  CHECK(has(startup_options(polling, 140000), "-c idle_session_timeout=0"));
  CHECK(!has(startup_options(polling, 160000), " -c transaction_timeout"));
  CHECK(has(startup_options(polling, 170000), " -c transaction_timeout=0"));
}

TEST(a session is set only where it is the one that was promised) {
  auto sql = session_pins(polling, 150000, 4711);
  CHECK(has(sql, "set_config(s.name, s.value, false)"));
  CHECK(has(sql, " WHERE pg_catalog.pg_backend_pid() OPERATOR(pg_catalog.=) 4711 AND "));
  CHECK(has(sql, "('statement_timeout', '1000'), ('lock_timeout', '500')"));
}

TEST(what is set for one Sync is set for no longer) {
  auto sql = local_pins(polling, 150000);
  CHECK(has(sql, "set_config(s.name, s.value, true)"));
  CHECK(!has(sql, "pg_backend_pid"));
  CHECK(has(sql, "('transaction_read_only', 'on')"));
  auto writing =
    local_pins({.statement_timeout = 1, .lock_timeout = 1, .read_only = false}, 150000);
  CHECK(!has(writing, "'transaction_read_only', 'on'"));
}

TEST(the path is set before anything else) {
  for (auto version : {90200, 90600, 180000}) {
    auto sql = local_pins(polling, version);
    auto list = sql.substr(sql.find("VALUES"));
    CHECK(list.starts_with("VALUES ('search_path', 'pg_catalog, pg_temp'), "));
  }
}

TEST(a version that cannot say what it knows is asked for what all know) {
  CHECK(!has(local_pins(polling, 90500), "'jit'"));
  CHECK(!has(local_pins(polling, 90500), "current_setting(s.name, true)"));
  CHECK(has(local_pins(polling, 90600), "'jit'"));
  CHECK(has(local_pins(polling, 90600), "current_setting(s.name, true) IS NOT NULL"));
}

TEST(no setting is named twice) {
  auto sql = local_pins(polling, 180000);
  for (auto i = sql.find("('"); i != std::string::npos; i = sql.find(", ('", i + 1)) {
    auto name = sql.substr(i, sql.find(", '", i + 4) - i);
    CHECK_EQUAL(sql.find(name + ",", i + 1), std::string::npos);
  }
}
