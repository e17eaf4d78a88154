// Which daemon of several watches which backend.
#define SUITE shard

#include "actors/discovery/shard.hpp"

#include "test/unit/test.hpp"

#include "config/shard.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

using namespace pgstatsmon;

namespace {

std::string id_of(int i) {
  return fmt::format("{:08x}-1b2c-4d5e@10.0.{}.{}:5432/app", i * 2654435761U, i / 250, i % 250);
}

} // namespace

TEST(one shard has all) {
  for (int i = 0; i < 100; ++i)
    CHECK_EQUAL(shard_of(id_of(i), 1), 0u);
}

TEST(shards are of about the same size) {
  std::vector<int> sizes(7);
  for (int i = 0; i < 7000; ++i)
    ++sizes[shard_of(id_of(i), 7)];
  // Five standard deviations around a thousand.
  CHECK(*std::ranges::min_element(sizes) > 850);
  CHECK(*std::ranges::max_element(sizes) < 1150);
}

TEST(another shard takes its part and nothing else moves) {
  int moved = 0;
  for (int i = 0; i < 6000; ++i) {
    auto before = shard_of(id_of(i), 5);
    auto after = shard_of(id_of(i), 6);
    moved += before != after ? 1 : 0;
    if (before != after)
      CHECK_EQUAL(after, 5u);
  }
  CHECK(moved > 850);
  CHECK(moved < 1150);
}

TEST(the same backend is in the same shard on every machine) {
  CHECK_EQUAL(shard_of("a", 5), 0u);
  CHECK_EQUAL(shard_of("b", 5), 2u);
  CHECK_EQUAL(shard_of("moray@10.1.2.3:5432/postgres", 16), 12u);
}

TEST(each backend is in one shard) {
  backend_list all(1000);
  for (int i = 0; i < 1000; ++i)
    all[static_cast<size_t>(i)].id = id_of(i);
  size_t sum = 0;
  for (uint32_t i = 0; i < 4; ++i)
    sum += in_shard(all, {.index = i, .of = 4}).size();
  CHECK_EQUAL(sum, 1000u);
  CHECK_EQUAL(in_shard(all, {}).size(), 1000u);
}

TEST(the number of an instance or a host is at its end) {
  CHECK(ordinal_of("pgstatsmon-2") == 2u);
  CHECK(ordinal_of("pgstatsmon-12.pods.example1") == 12u);
  CHECK(ordinal_of("3") == 3u);
  CHECK(!ordinal_of("east"));
  CHECK(!ordinal_of(""));
  CHECK(!ordinal_of("x99999999999"));
}
