// Classes of errors, from what a server, libpq or the operating system said.
#pragma once

#include "messages/error.hpp"

#include <string>
#include <string_view>

namespace pgstatsmon {

/// The class of an error that the server reported with a SQLSTATE (PostgreSQL's appendix A).
/// What is neither about the connection nor a time limit is `query`; no SQLSTATE is `network`.
failure classify_sqlstate(std::string_view sqlstate) noexcept;

/// The class of a failed connection attempt. libpq 15 keeps no SQLSTATE for it, so its English
/// message decides; the daemon therefore never sets a locale.
failure classify_connect_error(std::string_view message) noexcept;

/// Joins the lines of a message, without trailing white space.
std::string join_lines(std::string_view message);

} // namespace pgstatsmon
