// What the kernel and libpq can take.
#include "config/socket_directory.hpp"

#include "config/values.hpp"

#include <algorithm>

#include <sys/un.h>

namespace pgstatsmon {

std::string socket_directory_fault(std::string_view directory) {
  constexpr std::string_view longest_file = "/.s.PGSQL.65535";
  constexpr auto most = sizeof(sockaddr_un::sun_path) - 1 - longest_file.size();
  if (directory.size() > most)
    return "is too long for the directory of a Unix socket, expected " + std::to_string(most)
           + " bytes at most";
  // libpq reads a list of hosts where there is a comma.
  if (directory.find(',') != std::string_view::npos)
    return "has a comma, which libpq takes for a list of hosts";
  if (std::ranges::any_of(directory, [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
    return "has a control character, expected a string of one line";
  if (directory == "@")
    return "is no directory, expected one, or @ with a name";
  return {};
}

std::optional<std::string> parse_backend_address(const value& x) {
  auto text = parse_text(x);
  if (!text)
    return std::nullopt;
  if (!is_socket_directory(*text))
    return parse_host(x);
  if (auto fault = socket_directory_fault(*text); !fault.empty()) {
    x.complain(fault);
    return std::nullopt;
  }
  return text;
}

} // namespace pgstatsmon
