// `connections` and `target`.
#include "config/passfile.hpp"
#include "config/settings_parts.hpp"
#include "config/socket_directory.hpp"
#include "config/text.hpp"
#include "config/values.hpp"

#include <algorithm>
#include <memory>
#include <set>

#include <libpq-fe.h>

namespace pgstatsmon {

namespace {

/// Keywords that libpq of this machine knows.
std::set<std::string, std::less<>> libpq_keywords() {
  std::set<std::string, std::less<>> result;
  std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options{PQconndefaults(),
                                                                       PQconninfoFree};
  if (options != nullptr)
    for (const auto* i = options.get(); i->keyword != nullptr; ++i)
      result.insert(i->keyword);
  return result;
}

/// Why a libpq keyword is not the user's to set; empty when it is.
std::string_view reason_against(std::string_view keyword, bool guards) {
  if (keyword == "host")
    return "is not allowed here but for a directory of Unix sockets, discovery says where a "
           "backend "
           "is";
  if (keyword == "hostaddr" || keyword == "port")
    return "is not allowed here, discovery says where a backend is";
  if (keyword == "dbname")
    return "is not allowed here, expected the option database";
  if (keyword == "user")
    return "is not allowed here, expected the option user";
  if (keyword == "password" || keyword == "sslpassword")
    return "is not allowed here, no secret belongs into this file: expected password_file, or "
           "libpq's passfile";
  if (keyword == "connect_timeout")
    return "is not allowed here, expected the option connections.connect_timeout";
  if (keyword == "client_encoding" || keyword == "replication"
      || keyword == "fallback_application_name")
    return "is not allowed here, it is always set by this program";
  if (keyword == "options" && guards)
    return "is not allowed here, it carries the guards: expected guards: false with it";
  return {};
}

/// The words that a parameter may be; empty when libpq alone can tell.
std::vector<std::string_view> words_of(std::string_view keyword) {
  if (keyword == "sslmode")
    return {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"};
  if (keyword == "channel_binding" || keyword == "gssencmode")
    return {"disable", "prefer", "require"};
  return {};
}

bool names_file(std::string_view keyword, std::string_view text) {
  return keyword == "passfile" || keyword == "sslcert" || keyword == "sslkey"
         || (keyword == "sslrootcert" && text != "system") || keyword == "sslcrl";
}

/// The value of a keyword that is ours to pass on.
std::optional<std::string> parse_parameter(std::string_view keyword, const value& x) {
  auto text = parse_any_text(x);
  if (!text)
    return std::nullopt;
  if (auto words = words_of(keyword);
      !words.empty() && std::ranges::find(words, *text) == words.end()) {
    std::string list;
    for (auto word : words)
      list += (list.empty() ? "" : ", ") + std::string{word};
    x.complain("is none of its values, expected one of " + list);
    return std::nullopt;
  }
  if (names_file(keyword, *text) && !text->empty())
    return parse_file(x);
  if (std::ranges::any_of(*text, [](char c) { return static_cast<unsigned char>(c) < 0x20; })) {
    x.complain("has a control character, expected a string of one line");
    return std::nullopt;
  }
  return text;
}

auto parameters(bool guards) {
  return [guards](const value& self) -> std::optional<connect_parameters> {
    connect_parameters result;
    auto keywords = libpq_keywords();
    self.each_entry([&](std::string_view key, const value& entry) {
      if (!keywords.contains(key)) {
        auto best = nearest(key, {keywords.begin(), keywords.end()});
        return entry.complain("unknown libpq keyword, "
                              + (best.empty() ? "expected one that libpq documents"
                                              : "did you mean '" + std::string{best} + "'?"));
      }
      if (key == "host" && is_socket_directory(entry.node().text)) {
        if (auto text = parse_backend_address(entry))
          result.add(std::string{key}, std::move(*text));
        return;
      }
      if (auto reason = reason_against(key, guards); !reason.empty())
        return entry.complain(std::string{reason});
      if (auto text = parse_parameter(key, entry))
        result.add(std::string{key}, std::move(*text));
    });
    return result;
  };
}

std::optional<std::string> parse_route(const value& x) {
  auto result = parse_text(x);
  if (!result)
    return std::nullopt;
  auto odd = result->find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                       "0123456789-._~/");
  if (!result->starts_with('/') || odd != std::string::npos || result->size() > 256)
    x.complain("is no path, expected one like /metrics: letters, digits and -._~/");
  else if (*result == "/" || *result == "/probe" || result->starts_with("/-/")
           || result->starts_with("/api/"))
    x.complain("is taken, expected another path than /, /probe, /-/ and /api/");
  else
    return result;
  return std::nullopt;
}

} // namespace

void read_connections(const value& self, connection_settings& x) {
  fields s{self};
  s.get("query_timeout").read(x.query_timeout, parse_time);
  s.get("connect_timeout").read(x.connect_timeout, parse_time);
  s.get("connect_retries").read(x.connect_retries, integer<uint32_t>(0, 1'000'000));
  s.get("max_age").read(x.max_age, parse_time_or_none);
  s.get("max_connecting").read(x.max_connecting, integer<uint32_t>(1, 1000));
  s.get("max_in_flight").read(x.max_in_flight, integer<uint32_t>(1, 1000));
  constexpr uint64_t least = 64ULL << 10;
  s.get("max_query_bytes").read(x.max_query_bytes, bytes(least, 1ULL << 30));
  x.max_poll_bytes = std::max(x.max_poll_bytes, x.max_query_bytes);
  auto poll = s.get("max_poll_bytes").read(x.max_poll_bytes, bytes(least, 4ULL << 30));
  x.max_fleet_bytes = std::max(x.max_fleet_bytes, x.max_poll_bytes);
  auto fleet = s.get("max_fleet_bytes").read(x.max_fleet_bytes, bytes(least, 64ULL << 30));
  s.get("max_query_rows").read(x.max_query_rows, integer<uint32_t>(1, 10'000'000));
  if (x.max_poll_bytes < x.max_query_bytes)
    poll.complain("is less than max_query_bytes");
  if (x.max_fleet_bytes < x.max_poll_bytes)
    fleet.complain("is less than max_poll_bytes");
  s.get("guards").read(x.guards, parse_boolean);
  auto keywords = s.get("parameters");
  read_parameters(keywords, x.guards, x.parameters);
  // Where none is named, libpq's own is looked into.
  if (auto problem = passfile_problem(passfile_of(x.parameters));
      !problem.empty() && !x.parameters.contains("passfile"))
    keywords.warn(problem);
  uint32_t unused = 0;
  auto ignored = s.get("max_connections").read(unused, integer<uint32_t>(0, 1'000'000));
  if (ignored.given())
    ignored.warn("has no effect, every backend is polled over one connection");
}

void read_parameters(const value& self, bool guards, connect_parameters& x) {
  self.read(x, parameters(guards));
  if (!x.contains("passfile"))
    return;
  if (auto problem = passfile_problem(passfile_of(x)); !problem.empty())
    self.warn(problem);
}

void read_target(const value& self, target_settings& x) {
  fields s{self};
  s.get("ip").read(x.ip, parse_listen_address);
  s.get("port").read(x.port, integer<uint16_t>(0, 65535));
  s.get("route").read(x.route, parse_route);
  s.get("metadata").read(x.metadata, parse_metadata);
}

} // namespace pgstatsmon
