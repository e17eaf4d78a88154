// When memory goes back to the system.
#define SUITE heap

#include "main/heap.hpp"

#include "test/unit/test.hpp"

using namespace pgstatsmon;

namespace {

constexpr size_t mib = size_t{1} << 20;

} // namespace

TEST(what starting took is given back) {
  heap_level aut;
  CHECK(aut.has_fallen(10 * mib));
  CHECK(!aut.has_fallen(10 * mib));
}

TEST(much that was freed is given back once) {
  heap_level aut;
  aut.has_fallen(10 * mib);
  CHECK(!aut.has_fallen(100 * mib));
  CHECK(!aut.has_fallen(76 * mib));
  CHECK(aut.has_fallen(75 * mib));
  CHECK(!aut.has_fallen(60 * mib));
  CHECK(aut.has_fallen(50 * mib));
}

TEST(little that was freed is not worth it) {
  heap_level aut;
  aut.has_fallen(2 * mib);
  aut.has_fallen(6 * mib);
  CHECK(!aut.has_fallen(2 * mib + 1));
  CHECK(aut.has_fallen(2 * mib));
}

TEST(what a configuration took is given back) {
  heap_level aut;
  aut.has_fallen(10 * mib);
  aut.was_high();
  CHECK(aut.has_fallen(10 * mib));
}
