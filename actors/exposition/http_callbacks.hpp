// What libmicrohttpd calls, and what it keeps for us: part of http_server.
#pragma once

#include "actors/exposition/http_server.hpp"

#include <cstdarg>

#include <gnutls/abstract.h>
#include <microhttpd.h>

namespace pgstatsmon {

/// Nothing thrown passes these.
struct http_server::callbacks {
  /// Whether a new client may stay; the system closes the connection otherwise.
  static MHD_Result may_connect(void* server, const sockaddr*, socklen_t) noexcept;

  /// Begins TLS with what is in force now.
  static void connection_changed(void* server, MHD_Connection* connection, void** session,
                                 MHD_ConnectionNotificationCode change) noexcept;

  /// Parses what is asked for: libmicrohttpd's own decoding ends at a NUL.
  /// @returns what handle() gets as `request`.
  static void* request_began(void*, const char* target, MHD_Connection*) noexcept;

  static void request_ended(void* server, MHD_Connection* connection, void** request,
                            MHD_RequestTerminationCode) noexcept;

  /// Called for a request when its headers are there, again when all of it is, and again when a
  /// password has been checked.
  static MHD_Result handle(void* server, MHD_Connection* connection, const char* url,
                           const char* method, const char*, const char*, size_t*,
                           void** request) noexcept;

  /// The certificate of a session that nobody gave any: none.
  static int no_certificate(gnutls_session_t, const gnutls_datum_t*, int,
                            const gnutls_pk_algorithm_t*, int, gnutls_pcert_st**, unsigned*,
                            gnutls_privkey_t*) noexcept;

  static void log(void*, const char* format, va_list arguments) noexcept;
};

} // namespace pgstatsmon
