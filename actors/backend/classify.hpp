// Classes of errors, from what a server, libpq or the operating system said.
#pragma once

#include "messages/error.hpp"

#include <string>
#include <string_view>

namespace pgstatsmon {

/// The class of an error that the server reported with a SQLSTATE (PostgreSQL's appendix A).
/// What is neither about the connection nor a time limit is `query`; no SQLSTATE is `network`.
failure classify_sqlstate(std::string_view sqlstate) noexcept;

/// Whether a query may have failed because it was prepared: the server has lost it, or its result
/// has other types by now. A query may say the same for reasons of its own.
bool may_come_from_preparing(std::string_view sqlstate) noexcept;

/// Whether a query failed because something that it names is not there, or may not be used.
bool may_come_from_absence(std::string_view sqlstate) noexcept;

/// Whether a connection was refused in a way that startup options may have caused: poolers do not
/// take them, old or strange servers do not know all of them.
bool may_come_from_options(std::string_view sqlstate) noexcept;

/// Why a connection attempt failed.
struct connect_error {
  failure reason = failure::other;
  std::string sqlstate{}; ///< Empty when no server said one.
  std::string message;    ///< One line.
};

/// Reads libpq's text for a failed attempt, made with PQERRORS_VERBOSE, as libpq 15 gives the
/// SQLSTATE of a refusal nowhere else. Where no server refused, libpq's own English words decide;
/// the daemon therefore never sets a locale.
connect_error parse_connect_error(std::string_view text);

/// Longer messages are cut by join_lines(), in bytes.
constexpr size_t max_message = 1000;

/// Joins the lines of a message, without trailing white space. A line that begins with a capital
/// gets a full stop before it, another one that is not indented a semicolon.
std::string join_lines(std::string_view message);

} // namespace pgstatsmon
