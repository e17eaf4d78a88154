// The words of needs, and versions compared.
#define SUITE needs

#include "config/needs.hpp"

#include "test/unit/test.hpp"

#include <string>

using namespace pgstatsmon;

TEST(what is written is what is read) {
  for (std::string text :
       {"functions", "extension pg_stat_statements", "extension pg_stat_statements >= 1.8",
        "setting track_io_timing = on", "setting wal_level != minimal", "right pg_monitor",
        "right select pg_catalog.pg_hba_file_rules", "right execute pg_catalog.pg_ls_waldir()",
        "setting search_path = a, b"}) {
    auto x = parse_need(text);
    REQUIRE(x);
    CHECK_EQUAL(to_string(*x), text);
  }
}

TEST(blanks do not matter) {
  CHECK(parse_need("  extension   a   >=   1.2 ") == parse_need("extension a >= 1.2"));
}

TEST(anything else is no need) {
  for (auto text : {"", "function", "functions now", "extension", "extension a 1.2",
                    "extension a >=", "extension a > 1", "setting", "setting a", "setting a 1",
                    "right", "right select", "right two words", "extension a'b", "rights x"})
    CHECK(!parse_need(text));
}

TEST(versions are compared number by number) {
  CHECK(is_at_least("1.10", "1.9"));
  CHECK(is_at_least("1.8", "1.8"));
  CHECK(is_at_least("2", "1.11"));
  CHECK(is_at_least("1.8.1", "1.8"));
  CHECK(is_at_least("2.17.0-dev", "2.17"));
  CHECK(is_at_least("1.3", ""));
  CHECK(!is_at_least("1.7", "1.8"));
  CHECK(!is_at_least("1", "1.1"));
  CHECK(!is_at_least("", "1"));
}
