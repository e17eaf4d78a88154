// Notices that a file changed, over inotify.
#include "actors/discovery/directory_watch.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

namespace pgstatsmon {

namespace {

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds quiet{100};
constexpr milliseconds longest_unrest{1000};
constexpr milliseconds look_again{10'000}; // for a directory that was replaced
constexpr uint32_t interesting = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE
                                 | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;

std::pair<std::string, std::string> split(const std::string& path) {
  auto slash = path.rfind('/');
  if (slash == std::string::npos)
    return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

class watcher {
public:
  explicit watcher(const std::string& path)
    : inotify_{inotify_init1(IN_NONBLOCK | IN_CLOEXEC)}, wake_{eventfd(0, EFD_CLOEXEC)} {
    std::tie(directory_, file_) = split(path);
  }
  watcher(const watcher&) = delete;
  watcher& operator=(const watcher&) = delete;
  ~watcher() {
    ::close(inotify_);
    ::close(wake_);
  }

  void run(const std::stop_token& stop, const std::function<void()>& changed) {
    std::stop_callback wake{stop, [this] { eventfd_write(wake_, 1); }};
    if (inotify_ < 0 || wake_ < 0)
      return;
    while (!stop.stop_requested()) {
      auto replaced = watch_directory();
      if (!replaced && !(wait(look_again) && read_events()))
        continue;
      settle(stop);
      if (!stop.stop_requested())
        changed();
    }
  }

private:
  /// @returns whether the directory is watched from now on, after it was not.
  bool watch_directory() {
    if (watch_ >= 0)
      return false;
    watch_ = inotify_add_watch(inotify_, directory_.c_str(), interesting | IN_ONLYDIR);
    return std::exchange(tried_, true) && watch_ >= 0;
  }

  /// Waits for an event; false when there is none in time, or the end is near.
  bool wait(milliseconds time) const {
    std::array<pollfd, 2> fds{pollfd{.fd = inotify_, .events = POLLIN, .revents = 0},
                              pollfd{.fd = wake_, .events = POLLIN, .revents = 0}};
    return ::poll(fds.data(), fds.size(), static_cast<int>(time.count())) > 0
           && fds[0].revents != 0;
  }

  /// Reads what there is; true when it concerns the file.
  bool read_events() {
    alignas(inotify_event) std::array<char, 4096> buffer{};
    bool result = false;
    for (;;) {
      auto size = ::read(inotify_, buffer.data(), buffer.size());
      if (size <= 0)
        return result;
      for (auto* at = buffer.data(); at < buffer.data() + size;) {
        inotify_event event{};
        std::memcpy(&event, at, sizeof event);
        result = concerns(event, at + sizeof event) || result;
        at += sizeof event + event.len;
      }
    }
  }

  bool concerns(const inotify_event& event, const char* name) {
    if ((event.mask & (IN_IGNORED | IN_MOVE_SELF)) != 0) {
      if (event.wd != watch_)
        return false; // the last word of a watch that was given up
      if ((event.mask & IN_MOVE_SELF) != 0)
        inotify_rm_watch(inotify_, event.wd);
      watch_ = -1;
      return true;
    }
    if ((event.mask & IN_Q_OVERFLOW) != 0)
      return true;
    // Kubernetes swaps a link called ..data for all files of the directory at once.
    std::string_view what{event.len == 0 ? "" : name};
    return what == file_ || what.starts_with("..");
  }

  /// Waits until nothing happens any more.
  void settle(const std::stop_token& stop) {
    auto end = clock::now() + longest_unrest;
    while (!stop.stop_requested() && clock::now() < end && wait(quiet))
      read_events();
  }

  int inotify_;
  int wake_;
  int watch_ = -1;
  bool tried_ = false;
  std::string directory_;
  std::string file_;
};

} // namespace

directory_watch::directory_watch(std::string path, std::function<void()> changed)
  : thread_{[path = std::move(path), changed = std::move(changed)](const std::stop_token& stop) {
      watcher{path}.run(stop, changed);
    }} {}

} // namespace pgstatsmon
