// The reading.
#include "config/read_file.hpp"

#include "messages/error.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

namespace pgstatsmon {

caf::expected<std::string> read_file(const std::string& path, size_t most) {
  auto failed = [&] {
    return caf::make_error(ec::unreadable_file,
                           path + ": " + std::generic_category().message(errno));
  };
  std::unique_ptr<FILE, decltype(&fclose)> in{fopen(path.c_str(), "re"), fclose};
  if (!in)
    return failed();
  // Not `most` at once: malloc keeps what it has given out in one piece.
  std::array<char, 16384> part{};
  std::string text;
  while (text.size() < most) {
    auto size = fread(part.data(), 1, std::min(part.size(), most - text.size()), in.get());
    if (size == 0)
      break;
    text.append(part.data(), size);
  }
  if (ferror(in.get()) != 0)
    return failed();
  return text;
}

} // namespace pgstatsmon
