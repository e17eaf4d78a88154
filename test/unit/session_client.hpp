// A session with a protocol_server, driven as a CONNECTION would. Nothing takes longer than ten
// seconds.
#pragma once

#include "test/unit/protocol_server.hpp"
#include "test/unit/test.hpp"

#include "actors/backend/session.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <poll.h>

namespace pgstatsmon::test {

struct session_client {
  session_client(const protocol_server& server, const session_factory& make)
    : port{server.port()}, session{make()} {}

  void wait(interest what) const {
    auto events = what == interest::read    ? POLLIN
                  : what == interest::write ? POLLOUT
                                            : POLLIN | POLLOUT;
    pollfd x{session->socket(), static_cast<short>(events), 0};
    REQUIRE(poll(&x, 1, 10'000) == 1);
  }

  /// Until it is connected or has failed.
  std::optional<session_error> connect() {
    auto progress = session->connect({{"host", "127.0.0.1"},
                                      {"port", port},
                                      {"user", "someone"},
                                      {"dbname", "somewhere"},
                                      {"sslmode", "disable"},
                                      {"gssencmode", "disable"}});
    while (const auto* waits = std::get_if<connecting>(&progress)) {
      wait(waits->wants);
      progress = session->advance();
    }
    const auto* error = std::get_if<session_error>(&progress);
    return error == nullptr ? std::nullopt : std::optional{*error};
  }

  /// Until `enough` results are there, or it has failed.
  std::optional<session_error> receive(size_t enough) {
    while (results.size() < enough) {
      wait(session->sending() ? interest::read_write : interest::read);
      if (auto error = session->receive([this](auto x) { results.push_back(std::move(x)); }))
        return error;
    }
    return std::nullopt;
  }

  std::string port;
  std::unique_ptr<pgstatsmon::session> session;
  std::vector<statement_result> results;
};

} // namespace pgstatsmon::test
