// Addresses, URLs and paths.
#include "config/text.hpp"
#include "config/values.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pgstatsmon {

namespace {

/// systemd's LoadCredential, as a path begins.
constexpr std::string_view credentials_directory = "%d/";

bool is_literal(const std::string& x) {
  in6_addr buffer{};
  if (inet_pton(AF_INET, x.c_str(), &buffer) == 1)
    return true;
  // The zone of a link-local address is an interface's name: fe80::1%eth0.
  auto zone = x.find('%');
  return inet_pton(AF_INET6, x.substr(0, zone).c_str(), &buffer) == 1 && zone != x.size() - 1;
}

/// `host:port` and `[address]:port` in two, the brackets gone; no port where there is none.
std::pair<std::string, std::string> split_port(const std::string& x) {
  auto colon = x.rfind(':');
  auto port = colon == std::string::npos ? std::string{} : x.substr(colon + 1);
  if (port.empty() || port.size() > 5
      || port.find_first_not_of("0123456789") != std::string::npos) {
    colon = x.size();
    port.clear();
  }
  auto host = x.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  return {std::move(host), std::move(port)};
}

bool is_label(std::string_view x) {
  auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'
           || c == '_';
  };
  return !x.empty() && x.size() <= 63 && x.front() != '-' && x.back() != '-'
         && std::ranges::all_of(x, allowed);
}

/// RFC 1123 with underscores. The last label is not numeric: 10.0.0.256 is a mistyped address.
bool is_host_name(std::string_view x) {
  if (x.ends_with('.'))
    x.remove_suffix(1);
  if (x.empty() || x.size() > 253)
    return false;
  for (;;) {
    auto dot = x.find('.');
    auto label = x.substr(0, dot);
    if (!is_label(label))
      return false;
    if (dot == std::string_view::npos)
      return label.find_first_not_of("0123456789") != std::string_view::npos;
    x.remove_prefix(dot + 1);
  }
}

using curl_string = std::unique_ptr<char, decltype(&curl_free)>;

bool has_part(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  auto code = curl_url_get(url, part, &text, 0);
  curl_string guard{text, curl_free};
  return code == CURLUE_OK;
}

std::string url_fault(const std::string& text, bool query_allowed) {
  std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url{curl_url(), curl_url_cleanup};
  constexpr std::string_view expected = "expected http://HOST or https://HOST, with a path perhaps";
  auto scheme = text.starts_with("http://") || text.starts_with("https://");
  if (!scheme || text.find(' ') != std::string::npos || url == nullptr
      || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK)
    return "is no URL of ours, " + std::string{expected};
  // Credentials in a URL would reach logs and process lists.
  if (has_part(url.get(), CURLUPART_USER) || has_part(url.get(), CURLUPART_PASSWORD))
    return "has a user in it, expected none: use basic_auth_file";
  if (has_part(url.get(), CURLUPART_FRAGMENT)
      || (!query_allowed && has_part(url.get(), CURLUPART_QUERY)))
    return "has a query or fragment, expected none";
  return {};
}

std::optional<std::string> parse_checked_url(const value& x, bool query_allowed) {
  auto result = parse_word(x);
  if (!result)
    return std::nullopt;
  if (auto what = url_fault(*result, query_allowed); !what.empty()) {
    x.complain(what);
    return std::nullopt;
  }
  return result;
}

/// A file's name for a sentence. What has no slash may be a secret at the wrong place.
std::string shown(const std::string& written, const std::string& path) {
  return written.find('/') == std::string::npos ? "the file" : one_line(path);
}

std::optional<std::string> parse_existing(const value& x, bool directory) {
  auto path = parse_path(x);
  if (!path || path->empty() || is_given_by_service_manager(*path))
    return path;
  auto name = shown(x.node().text, *path);
  struct stat info {};
  auto expected = directory ? "a directory that can be read" : "a file that can be read";
  // No open(): it may wait for a pipe's other end, or do something to a device.
  if (stat(path->c_str(), &info) != 0
      || faccessat(AT_FDCWD, path->c_str(), directory ? R_OK | X_OK : R_OK, AT_EACCESS) != 0)
    x.complain(name + ": " + std::generic_category().message(errno) + ", expected " + expected);
  else if (S_ISDIR(info.st_mode) != directory)
    x.complain(name + (directory ? " is no directory" : " is a directory") + ", expected "
               + expected);
  else
    return path;
  return std::nullopt;
}

} // namespace

std::optional<std::string> parse_listen_address(const value& x) {
  auto result = parse_text(x);
  if (result && *result == "localhost")
    return "127.0.0.1";
  if (!result || is_literal(*result))
    return result;
  x.complain("is no address, expected a literal IPv4 or IPv6 address");
  return std::nullopt;
}

std::optional<std::string> parse_host(const value& x) {
  auto result = parse_text(x);
  if (!result || is_literal(*result) || is_host_name(*result))
    return result;
  if (auto [host, port] = split_port(*result);
      !port.empty() && (is_literal(host) || is_host_name(host)))
    x.complain("has a port in it, expected " + host + " alone, and port: " + port);
  else if (is_literal(host))
    x.complain("has brackets, expected " + host);
  else
    x.complain("is neither a literal address nor a host name");
  return std::nullopt;
}

std::optional<std::string> parse_name_server(const value& x) {
  auto result = parse_text(x);
  if (!result || result->empty() || is_literal(*result))
    return result;
  // With a port an IPv6 address has brackets.
  auto colon = result->rfind(':');
  auto host = result->substr(0, colon);
  auto port = colon == std::string::npos ? std::string{} : result->substr(colon + 1);
  auto bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed)
    host = host.substr(1, host.size() - 2);
  auto digits = port.find_first_not_of("0123456789") == std::string::npos;
  if (digits && !port.empty() && port.size() <= 5 && std::stoi(port) >= 1
      && std::stoi(port) <= 65535 && is_literal(host)
      && bracketed == (host.find(':') != std::string::npos))
    return result;
  x.complain("is no name server, expected a literal address, with or without a port");
  return std::nullopt;
}

std::optional<std::string> parse_base_url(const value& x) {
  return parse_checked_url(x, false);
}

std::optional<std::string> parse_url(const value& x) {
  return parse_checked_url(x, true);
}

std::optional<std::string> parse_path(const value& x) {
  auto result = parse_text(x);
  if (!result || result->empty() || result->starts_with('/'))
    return result;
  const auto* credentials = std::getenv("CREDENTIALS_DIRECTORY");
  if (!is_given_by_service_manager(*result))
    return x.run().directory.empty() ? *result : x.run().directory + '/' + *result;
  if (credentials != nullptr)
    return credentials + result->substr(2);
  if (x.run().checking) {
    x.warn("is the service manager's to give (LoadCredential=): it was not looked at");
    return result;
  }
  x.complain("begins with %d, but CREDENTIALS_DIRECTORY is not set: the service manager sets it");
  return std::nullopt;
}

bool is_given_by_service_manager(std::string_view path) {
  return path.starts_with(credentials_directory);
}

std::optional<std::string> parse_file(const value& x) {
  return parse_existing(x, false);
}

std::optional<std::string> parse_secret_file(const value& x) {
  auto result = parse_file(x);
  struct stat info {};
  if (!result || result->empty() || stat(result->c_str(), &info) != 0 || !S_ISREG(info.st_mode))
    return result;
  if (info.st_size == 0)
    x.warn("is empty: it has no password");
  if ((info.st_mode & S_IRWXO) != 0)
    x.warn(fmt::format("everybody on this machine may use it (mode {:04o}), expected 0640 at most",
                       info.st_mode & 07777U));
  return result;
}

std::optional<std::string> parse_directory_to_be(const value& x) {
  auto result = parse_path(x);
  if (!result || result->empty() || is_given_by_service_manager(*result))
    return result;
  struct stat info {};
  if (stat(result->c_str(), &info) == 0) {
    if (!S_ISDIR(info.st_mode))
      x.complain("is no directory, expected one, or nothing yet");
    else if (x.run().checking && faccessat(AT_FDCWD, result->c_str(), W_OK | X_OK, AT_EACCESS) != 0)
      x.warn("can't be written by who checks it here");
    return result;
  }
  auto slash = result->find_last_of('/', result->find_last_not_of('/'));
  auto parent = slash == std::string::npos ? "." : slash == 0 ? "/" : result->substr(0, slash);
  if (stat(parent.c_str(), &info) == 0 && !S_ISDIR(info.st_mode))
    x.complain("can't be made: what it is in is no directory");
  else if (stat(parent.c_str(), &info) != 0)
    x.warn(fmt::format("can't be made: {}: {}", one_line(parent),
                       std::generic_category().message(errno)));
  return result;
}

std::optional<std::string> parse_event_file(const value& x) {
  if (x.node().text == "stdout")
    return x.node().text;
  auto result = parse_path(x);
  if (!result || result->empty() || is_given_by_service_manager(*result))
    return result;
  struct stat info {};
  auto slash = result->rfind('/');
  auto parent = slash == std::string::npos ? "." : slash == 0 ? "/" : result->substr(0, slash);
  if (stat(result->c_str(), &info) == 0 && S_ISDIR(info.st_mode))
    x.complain("is a directory, expected a file, or stdout");
  else if (stat(parent.c_str(), &info) != 0)
    x.warn(fmt::format("can't be made: {}: {}", one_line(parent),
                       std::generic_category().message(errno)));
  return result;
}

std::optional<std::string> parse_directory(const value& x) {
  return parse_existing(x, true);
}

} // namespace pgstatsmon
