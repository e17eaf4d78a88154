// stat() and a bounded read().
#include "actors/exposition/watched_file.hpp"

#include "messages/error.hpp"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pgstatsmon {

namespace {

constexpr size_t max_size = 1U << 20U;

caf::error unreadable(std::string reason) {
  return caf::make_error(ec::unreadable_file, std::move(reason));
}

caf::error system_reason() {
  return unreadable(std::generic_category().message(errno));
}

int64_t nanoseconds(const timespec& x) noexcept {
  return int64_t{x.tv_sec} * 1'000'000'000 + x.tv_nsec;
}

file_stamp stamp_of(const std::string& path) {
  struct stat x {};
  if (stat(path.c_str(), &x) != 0)
    return {};
  return {x.st_dev, x.st_ino, x.st_size, nanoseconds(x.st_mtim), nanoseconds(x.st_ctim)};
}

class descriptor {
public:
  explicit descriptor(int fd) noexcept : fd_{fd} {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    if (fd_ >= 0)
      close(fd_);
  }

  [[nodiscard]] int get() const noexcept { return fd_; }

private:
  int fd_;
};

} // namespace

std::vector<file_stamp> stamps_of(const std::vector<std::string>& paths) {
  std::vector<file_stamp> result;
  result.reserve(paths.size());
  for (const auto& path : paths)
    result.push_back(stamp_of(path));
  return result;
}

caf::expected<std::string> read_small_file(const std::string& path) {
  descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  struct stat info {};
  if (file.get() < 0 || fstat(file.get(), &info) != 0)
    return system_reason();
  if (!S_ISREG(info.st_mode))
    return unreadable("is no regular file");
  std::string result(max_size + 1, '\0');
  size_t size = 0;
  while (size < result.size()) {
    auto n = read(file.get(), result.data() + size, result.size() - size);
    if (n < 0 && errno != EINTR)
      return system_reason();
    if (n == 0)
      break;
    size += n > 0 ? static_cast<size_t>(n) : 0;
  }
  if (size > max_size)
    return unreadable("is longer than 1 MiB");
  result.resize(size);
  return result;
}

} // namespace pgstatsmon
