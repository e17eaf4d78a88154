// Fuzzes the web configuration: any bytes give a configuration that GnuTLS can be told, or faults
// of one line each.
#include "config/web_config.hpp"

#include "config/tls_names.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

void expect_line(const pgstatsmon::fault& x) {
  if (to_string(x, "f").find('\n') != std::string::npos || x.what.empty())
    abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto x = pgstatsmon::parse_web_config({reinterpret_cast<const char*>(data), size}, "f");
  for (const auto& fault : x.faults)
    expect_line(fault);
  for (const auto& warning : x.warnings)
    expect_line(warning);
  if (x.faults.empty() && x.config.tls && !priorities_of(*x.config.tls).starts_with("NORMAL:"))
    abort();
  return 0;
}
