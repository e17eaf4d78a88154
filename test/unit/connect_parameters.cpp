// What libpq is told when it connects.
#define SUITE connect_parameters

#include "config/connect_parameters.hpp"

#include "test/unit/test.hpp"

using namespace pgstatsmon;

TEST(parameters keep their order and are added behind the others) {
  connect_parameters all{{"host", "a"}};
  all.add("port", "1");
  all.add({{"sslmode", "require"}, {"host", "b"}});
  CHECK(
    (all
     == connect_parameters{{"host", "a"}, {"port", "1"}, {"sslmode", "require"}, {"host", "b"}}));
  CHECK(all.contains("sslmode"));
  CHECK(!all.contains("ssl"));
}
