// The largest of a few hashes.
#include "actors/discovery/shard.hpp"

#include "actors/phase.hpp"

namespace pgstatsmon {

uint32_t shard_of(std::string_view id, uint32_t of) noexcept {
  constexpr uint64_t apart = 0x9E3779B97F4A7C15ULL;
  auto hash = phase_hash({id});
  uint32_t best = 0;
  uint64_t largest = 0;
  for (uint32_t i = 0; i < of; ++i)
    if (auto x = mixed_bits(hash ^ (apart * (i + 1))); i == 0 || x > largest) {
      best = i;
      largest = x;
    }
  return best;
}

backend_list in_shard(backend_list all, const shard_settings& mine) {
  if (mine.of > 1)
    std::erase_if(all,
                  [&](const backend& each) { return shard_of(each.id, mine.of) != mine.index; });
  return all;
}

} // namespace pgstatsmon
