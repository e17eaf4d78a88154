// The largest of a few hashes.
#include "actors/discovery/shard.hpp"

#include "actors/phase.hpp"

namespace pgstatsmon {

namespace {

/// Spreads every bit of `x` over the result: the finaliser of SplitMix64 (Steele, Lea and Flood,
/// "Fast splittable pseudorandom number generators", 2014).
uint64_t mixed(uint64_t x) noexcept {
  x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27U)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31U);
}

} // namespace

uint32_t shard_of(std::string_view id, uint32_t of) noexcept {
  constexpr uint64_t apart = 0x9E3779B97F4A7C15ULL;
  auto hash = phase_hash({id});
  uint32_t best = 0;
  uint64_t largest = 0;
  for (uint32_t i = 0; i < of; ++i)
    if (auto x = mixed(hash ^ (apart * (i + 1))); i == 0 || x > largest) {
      best = i;
      largest = x;
    }
  return best;
}

backend_list in_shard(backend_list all, const shard_settings& mine) {
  if (mine.of > 1)
    std::erase_if(all, [&](const backend& each) {
      return shard_of(each.id, mine.of) != mine.index;
    });
  return all;
}

} // namespace pgstatsmon
