// The level of the heap, and glibc's way to trim it.
#include "main/heap.hpp"

#include <algorithm>

#include <malloc.h>

namespace pgstatsmon {

bool heap_level::has_fallen(size_t used) noexcept {
  constexpr size_t least = size_t{4} << 20;
  most_ = std::max(most_, used);
  if (most_ - used < std::max(least, most_ / 4))
    return false;
  most_ = used;
  return true;
}

void heap_keeper::look(clock::time_point now) {
  if (now < next_look_)
    return;
  next_look_ = now + pause;
  auto info = mallinfo2();
  if (level_.has_fallen(info.uordblks + info.hblkhd))
    malloc_trim(0);
}

} // namespace pgstatsmon
