// Faults as lines of text.
#include "config/fault.hpp"

#include "messages/error.hpp"

#include <caf/message.hpp>

#include <algorithm>
#include <tuple>

namespace pgstatsmon {

std::string to_string(const fault& x, std::string_view file) {
  std::string result{file};
  if (x.line != 0)
    result += ':' + std::to_string(x.line) + ':' + std::to_string(x.column);
  result += ": ";
  if (!x.path.empty())
    result += x.path + ": ";
  return result + x.what;
}

caf::error make_error(std::vector<fault> faults, std::string_view file) {
  std::ranges::stable_sort(faults, {}, [](const fault& x) { return std::tie(x.line, x.column); });
  std::string lines;
  for (const auto& x : faults)
    lines += (lines.empty() ? "" : "\n") + to_string(x, file);
  return caf::make_error(ec::bad_configuration, std::move(lines));
}

std::string context_of(const caf::error& x) {
  if (x.context().match_elements<std::string>())
    return x.context().get_as<std::string>(0);
  return to_string(x);
}

} // namespace pgstatsmon
