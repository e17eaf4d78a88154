// Parsers of single values, each with its range and its sentence for what is expected.
#pragma once

#include "config/reader.hpp"
#include "messages/backend.hpp"

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgstatsmon {

/// true or false.
std::optional<bool> parse_boolean(const value& x);

/// A string without control characters, perhaps empty.
std::optional<std::string> parse_text(const value& x);

/// A string without control characters, not empty.
std::optional<std::string> parse_word(const value& x);

/// A string, number or boolean as text, without the white space around it.
std::optional<std::string> parse_any_text(const value& x);

/// A number within [low, high].
std::optional<double> parse_number(const value& x, double low, double high);

/// A number without a fraction within [low, high].
std::optional<uint64_t> parse_integer(const value& x, uint64_t low, uint64_t high);

/// A number of milliseconds, or a string like "250ms", "10s", "1.5m", "2h"; 1 ms to 24 h.
std::optional<std::chrono::milliseconds> parse_time(const value& x);

/// A number of bytes, or a string like "64KiB", "16MiB", "1GiB", within [low, high].
std::optional<uint64_t> parse_bytes(const value& x, uint64_t low, uint64_t high);

/// The options' parsers for sizes: `bytes(64 << 10, 1 << 30)`.
inline auto bytes(uint64_t low, uint64_t high) {
  return [low, high](const value& x) { return parse_bytes(x, low, high); };
}

/// A share like "1%" of something that is 1, 0.01 % to 100 %; "off" is 100 %.
std::optional<double> parse_share(const value& x);

/// As parse_time, or 0 for never.
std::optional<std::chrono::milliseconds> parse_time_or_none(const value& x);

/// The options' parsers for whole numbers: `integer<uint16_t>(1, 65535)`.
template <class T>
auto integer(uint64_t low, uint64_t high) {
  return [low, high](const value& x) -> std::optional<T> {
    if (auto result = parse_integer(x, low, high))
      return static_cast<T>(*result);
    return std::nullopt;
  };
}

/// One of a few words.
template <class T>
auto choice(std::vector<std::pair<std::string_view, T>> words) {
  return [words = std::move(words)](const value& x) -> std::optional<T> {
    std::string list;
    for (const auto& [word, result] : words) {
      if (x.node().type == document_node::kind::string && x.node().text == word)
        return result;
      list += (list.empty() ? "" : ", ") + std::string{word};
    }
    x.complain("is none of its values, expected one of " + list);
    return std::nullopt;
  };
}

/// postgres or pgbouncer.
std::optional<backend_kind> parse_kind(const value& x);

/// A literal IPv4 or IPv6 address; `localhost` is 127.0.0.1.
std::optional<std::string> parse_listen_address(const value& x);

/// A literal address or a host name.
std::optional<std::string> parse_host(const value& x);

/// `address`, `address:port` or `[address]:port` with a literal address; perhaps empty.
std::optional<std::string> parse_name_server(const value& x);

/// An http or https URL without a user, a query or a fragment.
std::optional<std::string> parse_base_url(const value& x);

/// The same, with a query allowed.
std::optional<std::string> parse_url(const value& x);

/// The path of a file that can be read now. Relative paths are relative to the configuration's
/// directory, and `%d/` is systemd's credentials directory.
std::optional<std::string> parse_file(const value& x);

/// The same of a file with a secret. Warns when it is empty, and when everybody may use it.
std::optional<std::string> parse_secret_file(const value& x);

/// The path of a directory that can be read now.
std::optional<std::string> parse_directory(const value& x);

/// The path of a directory that is there, or will be made when it is needed. Warns when it can't
/// be, and where a file is only checked when it can't be written.
std::optional<std::string> parse_directory_to_be(const value& x);

/// The path of what events are written to: a file, FIFO or device, which need not exist yet, or
/// `stdout`. Warns when its directory is not there.
std::optional<std::string> parse_event_file(const value& x);

/// Whether a path, as parse_path gives it, is known to the service manager alone: a file is only
/// being checked, and not by the unit.
bool is_given_by_service_manager(std::string_view path);

/// A path of what need not exist yet. `%d/` without CREDENTIALS_DIRECTORY is a fault; a warning
/// where the file is only checked, and the path is then what stands in the file.
std::optional<std::string> parse_path(const value& x);

/// Static labels of backends: names as label_name_fault wants them, values as parse_any_text. Each
/// stands in reading::static_labels too.
std::optional<label_list> parse_labels(const value& x);

/// The same, of everything on the page.
std::optional<label_list> parse_metadata(const value& x);

/// An ECMAScript regular expression.
std::optional<std::string> parse_regex(const value& x);

} // namespace pgstatsmon
