// The file that events go to: whole lines, at most so many bytes of them.
#pragma once

#include "config/settings.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <system_error>

#include <sys/types.h>

namespace pgstatsmon {

/// Appends lines to a file, a FIFO, a device or standard output. A file that would become larger
/// than `max_bytes` is renamed to `FILE.1`, whose predecessor is gone, and begun anew. It is opened
/// again when somebody removed or renamed it. One thread.
class event_file {
public:
  /// Opens nothing yet.
  explicit event_file(event_settings where) : where_{std::move(where)} {}
  event_file(const event_file&) = delete;
  event_file& operator=(const event_file&) = delete;
  ~event_file();

  /// Writes a line, all of it or, in a file, nothing of it.
  /// @param line With its end.
  /// @param patient Asked ten times a second while a reader is slow: whether to go on waiting. A
  /// file system that does not answer is waited for without asking.
  /// @returns what stands in the way; nothing when it is written.
  std::error_code write(std::string_view line, const std::function<bool()>& patient);

private:
  std::error_code be_open(size_t room);
  std::error_code open();
  std::error_code make_room();
  std::error_code write_all(std::string_view rest, const std::function<bool()>& patient);
  void close();

  event_settings where_;
  int fd_ = -1;
  bool regular_ = false; ///< A file of ours, which can be cut and renamed.
  bool torn_ = false;    ///< What was written last is not a whole line.
  off_t size_ = 0;       ///< Of a regular file.
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

} // namespace pgstatsmon
