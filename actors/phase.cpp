// Hash and grid.
#include "actors/phase.hpp"

namespace pgstatsmon {

uint64_t phase_hash(std::initializer_list<std::string_view> names) noexcept {
  uint64_t result = 14695981039346656037ULL;
  for (auto name : names)
    for (unsigned char c : name)
      result = (result ^ c) * 1099511628211ULL;
  return result ^ (result >> 32U);
}

uint64_t mixed_bits(uint64_t x) noexcept {
  x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27U)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31U);
}

caf::timespan phase_within(uint64_t hash, caf::timespan every) noexcept {
  return caf::timespan{static_cast<int64_t>(hash % static_cast<uint64_t>(every.count()))};
}

caf::actor_clock::time_point next_at(caf::actor_clock::time_point t, caf::timespan every,
                                     caf::timespan phase) noexcept {
  auto past = (t.time_since_epoch() - phase) % every;
  if (past.count() < 0)
    past += every;
  return t - past + every;
}

} // namespace pgstatsmon
