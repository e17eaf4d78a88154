// The client's side of a console session: lines there, framed answers back.
#pragma once

#include <caf/expected.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace pgstatsmon {

/// An answer, or a part of one that goes on.
struct console_reply {
  std::string text;
  bool good = true;
  bool last = true; ///< False: a look of `watch`, after which others come.
};

/// One session. For one thread; every call may block for as long as it says.
class console_link {
public:
  /// @param socket Path of the daemon's Unix socket.
  explicit console_link(std::string socket) : path_{std::move(socket)} {}
  console_link(const console_link&) = delete;
  console_link& operator=(const console_link&) = delete;
  ~console_link();

  /// Sends a line, connecting first where necessary. ec::connect_failed when nobody is there.
  [[nodiscard]] caf::error send(const std::string& line);

  /// The next answer or look. Blocks for 90 s at most; ec::timeout then, ec::connect_failed when
  /// the daemon ends the session.
  /// @param interrupted Asked after each wait, with whether the descriptor `also` is readable; true
  /// sends an empty line, which ends a watch.
  caf::expected<console_reply> receive(int also = -1,
                                       const std::function<bool(bool)>& interrupted = {});

  /// Sends a line and waits for its whole answer.
  caf::expected<console_reply> ask(const std::string& line);

private:
  [[nodiscard]] caf::error connect();
  [[nodiscard]] caf::error write_all(std::string_view text);
  void close() noexcept;

  std::string path_;
  int fd_ = -1;
  std::string received_; // and not handed out yet
};

} // namespace pgstatsmon
