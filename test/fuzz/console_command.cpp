// The console's lines: whatever comes is a command or a sentence, and can be completed.
#include "actors/console/command.hpp"
#include "messages/error.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view line{reinterpret_cast<const char*>(data), size};
  auto parsed = pgstatsmon::parse_command(line);
  if (!parsed && pgstatsmon::sentence_of(parsed.error()).empty())
    std::abort();
  for (const auto& x : pgstatsmon::completions(line, {"db1", "db two"}))
    if (x.empty())
      std::abort();
  return 0;
}
