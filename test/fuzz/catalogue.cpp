// Fuzzes the reader of query definitions, with two files in one input: any bytes give a catalogue,
// or faults of one line each.
#include "config/catalogue.hpp"

#include "config/fault.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Between the two stands a line of dashes and a number sign.
  constexpr std::string_view cut = "\n---#\n";
  std::string_view text{reinterpret_cast<const char*>(data), size};
  auto middle = text.find(cut);
  std::vector<std::pair<std::string, std::string>> files;
  files.emplace_back("f", text.substr(0, middle));
  if (middle != std::string_view::npos)
    files.emplace_back("f", text.substr(middle + cut.size()));
  auto x = pgstatsmon::parse_catalogue(files);
  if (x) {
    if ((*x)->families() == 0 || (*x)->queries().size() != files.size())
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
