// Beside it, then in its place.
#include "config/replace_file.hpp"

#include "messages/error.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pgstatsmon {

namespace {

/// A file descriptor that closes itself.
class descriptor {
public:
  explicit descriptor(int fd) : fd_{fd} {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    if (fd_ >= 0)
      ::close(fd_);
  }

  [[nodiscard]] int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }

private:
  int fd_;
};

caf::error failed(const std::string& path, int error) {
  return caf::make_error(ec::unreadable_file,
                         fmt::format("{}: {}", path, std::generic_category().message(error)));
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    auto n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return false;
    text.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

} // namespace

caf::error replace_file(const std::string& directory, const std::string& path,
                        std::string_view text) {
  if (::mkdir(directory.c_str(), 0750) != 0 && errno != EEXIST)
    return failed(directory, errno);
  auto temporary = path + ".new";
  {
    descriptor file{
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640)};
    if (!file || !write_all(file.get(), text) || ::fsync(file.get()) != 0)
      return failed(temporary, errno);
  }
  if (std::rename(temporary.c_str(), path.c_str()) != 0)
    return failed(path, errno);
  descriptor folder{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!folder || ::fsync(folder.get()) != 0)
    return failed(directory, errno);
  return {};
}

} // namespace pgstatsmon
