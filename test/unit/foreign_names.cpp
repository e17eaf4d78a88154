// What is the system's, and what is not.
#define SUITE foreign_names

#include "actors/backend/foreign_names.hpp"

#include "test/unit/test.hpp"

#include "config/catalogue.hpp"

using namespace pgstatsmon;
using namespace std::string_literals;

TEST(what is of the system is not foreign) {
  for (const auto* sql : {
         "SELECT 1.5 AS n",
         "SELECT count(*) FROM pg_stat_activity",
         "SELECT a.state, count(*) FROM pg_catalog.pg_stat_activity AS a GROUP BY a.state",
         "SELECT pg_class.relname FROM pg_class",
         "SELECT \"a b\".n FROM pg_catalog.generate_series(1, 2) \"a b\"(n)",
         "SELECT c.x FROM information_schema.columns c -- of public.t",
         "SELECT 'public.t' FROM pg_catalog.pg_class /* app.t */",
       })
    CHECK_EQUAL(names_what_is_foreign(sql) ? sql : "none"s, "none");
}

TEST(what another schema has is foreign) {
  for (const auto* sql : {
         "SELECT n FROM public.t",
         "SELECT t.n FROM pg_catalog.pg_class c, public . t",
         "SELECT public.f(1)",
         "SELECT n FROM \"My\".t WHERE x = 'My'",
         "SELECT n FROM otherdb.public.t",
         "SELECT 'it''s' FROM app.t",
         "SELECT n FROM app.t WHERE \"",
       })
    CHECK_EQUAL(names_what_is_foreign(sql) ? sql : "none"s, sql);
}

TEST(nearly all queries that are asked at each poll are of the system) {
  size_t foreign = 0;
  auto shipped = built_in_catalogue();
  for (const auto& query : shipped->queries())
    for (const auto& variant : query.variants)
      if (query.every.count() == 0 && variant.sql.find("{schema ") == std::string::npos
          && names_what_is_foreign(variant.sql)) {
        CHECK(variant.sql.find("pgstatsmon.") != std::string::npos);
        ++foreign;
      }
  CHECK(foreign > 0);
}
