// Feeds anything to the reader of lists of targets.
#include "actors/discovery/sd_body.hpp"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pgstatsmon;
  auto list = parse_backends({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!list)
    return 0;
  for (const auto& x : list->backends)
    if (x.name.empty() || x.address.empty())
      __builtin_trap();
  return 0;
}
