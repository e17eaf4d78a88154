// Fuzzes the configuration parser: any bytes give settings, or faults of one line each.
#include "config/settings.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto x = pgstatsmon::parse_settings({reinterpret_cast<const char*>(data), size}, "f");
  if (x) {
    if (pgstatsmon::explain(*x).empty())
      abort();
    return 0;
  }
  auto lines = pgstatsmon::context_of(x.error());
  for (size_t i = 0; i <= lines.size();) {
    if (lines.compare(i, 2, "f:") != 0)
      abort();
    auto end = lines.find('\n', i);
    i = end == std::string::npos ? lines.size() + 1 : end + 1;
  }
  return 0;
}
