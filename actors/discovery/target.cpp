// `host:port`, as lists of targets write it.
#include "actors/discovery/target.hpp"

#include "actors/discovery/vmapi_match.hpp"
#include "config/socket_directory.hpp"

#include <algorithm>
#include <charconv>

namespace pgstatsmon {

namespace {

bool is_host(std::string_view x) {
  auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'
           || c == '.' || c == '_';
  };
  return !x.empty() && x.size() <= 253 && x.front() != '-' && x.front() != '.'
         && std::all_of(x.begin(), x.end(), allowed);
}

std::optional<uint16_t> parse_port(std::string_view x) {
  uint16_t result = 0;
  auto [end, error] = std::from_chars(x.data(), x.data() + x.size(), result);
  if (error != std::errc{} || end != x.data() + x.size() || result == 0)
    return std::nullopt;
  return result;
}

std::optional<target> with_port(std::string_view address, std::string_view port) {
  auto number = parse_port(port);
  if (!number)
    return std::nullopt;
  return target{.address = std::string{address}, .port = *number};
}

std::optional<target> parse_bracketed(std::string_view text) {
  auto end = text.find(']');
  if (end == std::string_view::npos)
    return std::nullopt;
  auto address = text.substr(1, end - 1);
  auto rest = text.substr(end + 1);
  if (address.find(':') == std::string_view::npos || !is_literal_address(address))
    return std::nullopt;
  if (rest.empty())
    return target{.address = std::string{address}};
  return rest.front() == ':' ? with_port(address, rest.substr(1)) : std::nullopt;
}

/// `/run/postgresql`, `/run/postgresql:5433` or the socket itself, `/run/postgresql/.s.PGSQL.5433`.
std::optional<target> parse_socket(std::string_view text) {
  constexpr std::string_view file = "/.s.PGSQL.";
  auto separator = std::string_view{":"};
  auto end = text.rfind(file);
  if (end != std::string_view::npos)
    separator = file;
  else
    end = text.rfind(':');
  auto directory = text.substr(0, end);
  if (directory.size() < 2 || !socket_directory_fault(directory).empty())
    return std::nullopt;
  return end == std::string_view::npos ? target{.address = std::string{directory}}
                                       : with_port(directory, text.substr(end + separator.size()));
}

} // namespace

std::optional<target> parse_target(std::string_view text) {
  if (is_socket_directory(text))
    return parse_socket(text);
  if (text.starts_with('['))
    return parse_bracketed(text);
  if (is_literal_address(text))
    return target{.address = std::string{text}};
  auto colon = text.find(':');
  auto host = text.substr(0, colon);
  if (!is_host(host))
    return std::nullopt;
  return colon == std::string_view::npos ? target{.address = std::string{host}}
                                         : with_port(host, text.substr(colon + 1));
}

} // namespace pgstatsmon
