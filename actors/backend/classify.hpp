// Classes of errors, from what a server, libpq or the operating system said.
#pragma once

#include "messages/error.hpp"

#include <string>
#include <string_view>

namespace pgstatsmon {

/// The class of an error that the server reported with a SQLSTATE (PostgreSQL's appendix A).
/// What is neither about the connection nor a time limit is `query`; no SQLSTATE is `network`.
failure classify_sqlstate(std::string_view sqlstate) noexcept;

/// Why a connection attempt failed.
struct connect_error {
  failure reason = failure::other;
  std::string sqlstate; ///< Empty when no server said one.
  std::string message;  ///< One line.
};

/// Reads libpq's text for a failed attempt, made with PQERRORS_VERBOSE, as libpq 15 gives the
/// SQLSTATE of a refusal nowhere else. Where no server refused, libpq's own English words decide;
/// the daemon therefore never sets a locale.
connect_error parse_connect_error(std::string_view text);

/// Joins the lines of a message, without trailing white space.
std::string join_lines(std::string_view message);

} // namespace pgstatsmon
