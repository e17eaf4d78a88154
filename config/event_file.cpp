// open(2), poll(2), write(2), rename(2).
#include "config/event_file.hpp"

#include <climits>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pgstatsmon {

namespace {

constexpr mode_t file_mode = 0640;
constexpr int look_again_ms = 100;

std::error_code last_error() {
  return {errno, std::generic_category()};
}

/// Whether a file that was there before ends in the middle of a line.
bool ends_torn(const std::string& path, off_t size) {
  auto fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return false;
  char last = '\n';
  auto n = pread(fd, &last, 1, size - 1);
  ::close(fd);
  return n == 1 && last != '\n';
}

} // namespace

event_file::~event_file() {
  close();
}

std::error_code event_file::write(std::string_view line, const std::function<bool()>& patient) {
  if (auto error = be_open(line.size()))
    return error;
  std::string whole;
  if (torn_) {
    whole = '\n' + std::string{line};
    line = whole;
  }
  auto error = write_all(line, patient);
  if (!error) {
    torn_ = false;
    size_ += static_cast<off_t>(line.size());
    return {};
  }
  // Of a line on a full disk nothing stays, so that what can be read is whole.
  if (regular_ && ftruncate(fd_, size_) == 0)
    return error;
  torn_ = true;
  if (error == std::errc::broken_pipe)
    close();
  return error;
}

std::error_code event_file::be_open(size_t room) {
  if (fd_ >= 0 && regular_) {
    struct stat info {};
    if (stat(where_.file.c_str(), &info) != 0 || info.st_dev != device_ || info.st_ino != inode_)
      close();
    else
      size_ = info.st_size;
  }
  if (fd_ < 0)
    if (auto error = open())
      return error;
  // A line that is longer than a file may be has one of its own.
  if (regular_ && size_ > 0 && static_cast<uint64_t>(size_) + room > where_.max_bytes)
    return make_room();
  return {};
}

std::error_code event_file::open() {
  if (where_.is_standard_output()) {
    fd_ = STDOUT_FILENO;
    regular_ = false;
    return {};
  }
  // A FIFO without a reader is an error at once, and one that is full is waited for by us.
  constexpr int flags = O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  auto fd = ::open(where_.file.c_str(), flags, file_mode);
  if (fd < 0)
    return last_error();
  fd_ = fd;
  struct stat info {};
  regular_ = fstat(fd_, &info) == 0 && S_ISREG(info.st_mode);
  device_ = info.st_dev;
  inode_ = info.st_ino;
  size_ = info.st_size;
  torn_ = regular_ && size_ > 0 && ends_torn(where_.file, size_);
  return {};
}

std::error_code event_file::make_room() {
  if (std::rename(where_.file.c_str(), (where_.file + ".1").c_str()) != 0)
    return last_error();
  close();
  return open();
}

std::error_code event_file::write_all(std::string_view rest, const std::function<bool()>& patient) {
  while (!rest.empty()) {
    pollfd descriptor{fd_, POLLOUT, 0};
    auto ready = poll(&descriptor, 1, look_again_ms);
    if (ready == 0 || (ready < 0 && errno == EINTR)) {
      if (!patient())
        return std::make_error_code(std::errc::timed_out);
      continue;
    }
    // A pipe that is writable takes this much without blocking.
    auto n =
      ::write(fd_, rest.data(), regular_ ? rest.size() : std::min<size_t>(rest.size(), PIPE_BUF));
    if (n > 0)
      rest.remove_prefix(static_cast<size_t>(n));
    else if (n == 0 || (errno != EINTR && errno != EAGAIN))
      return n == 0 ? std::make_error_code(std::errc::io_error) : last_error();
  }
  return {};
}

void event_file::close() {
  if (fd_ >= 0 && fd_ != STDOUT_FILENO)
    ::close(fd_);
  fd_ = -1;
}

} // namespace pgstatsmon
