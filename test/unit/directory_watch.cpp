// A file that changes is noticed, however it is replaced.
#define SUITE directory_watch
#include "actors/discovery/directory_watch.hpp"

#include "test/unit/test.hpp"

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>

#include <unistd.h>

using namespace pgstatsmon;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

struct fixture {
  fixture() {
    auto pattern = (fs::temp_directory_path() / "pgstatsmon-unit-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    directory = pattern;
    file = directory / "list.yaml";
    write(file);
  }

  ~fixture() { fs::remove_all(directory); }

  static void write(const fs::path& to) { std::ofstream{to} << "[]"; }

  void count() {
    std::lock_guard guard{mutex};
    ++changes;
    changed.notify_all();
  }

  /// Does it until the watch notices: it may not have begun yet.
  template <class F>
  bool notices(F change) {
    directory_watch watch{file, [this] { count(); }};
    std::unique_lock lock{mutex};
    for (int i = 0; i < 40; ++i) {
      change();
      if (changed.wait_for(lock, 500ms, [this] { return changes > 0; }))
        return true;
    }
    return false;
  }

  fs::path directory;
  fs::path file;
  std::mutex mutex;
  std::condition_variable changed;
  int changes = 0;
};

} // namespace

FIXTURE_SCOPE(directory_watch_tests, fixture)

TEST(a file that is written is noticed) {
  CHECK(notices([this] { write(file); }));
}

TEST(a file that is replaced is noticed) {
  CHECK(notices([this] {
    write(directory / "new");
    fs::rename(directory / "new", file);
  }));
}

TEST(a file that is removed is noticed) {
  CHECK(notices([this] {
    write(file);
    fs::remove(file);
  }));
}

TEST(a link that is swapped beside the file is noticed) {
  CHECK(notices([this] {
    fs::create_symlink(directory, directory / "..data_new");
    fs::rename(directory / "..data_new", directory / "..data");
  }));
}

TEST(a burst of changes is one change) {
  REQUIRE(notices([this] { write(file); }));
  changes = 0;
  CHECK(notices([this] {
    for (int i = 0; i < 50; ++i)
      write(file);
  }));
  CHECK_EQUAL(changes, 1);
}

TEST(other files are not noticed) {
  directory_watch watch{file, [this] { count(); }};
  std::unique_lock lock{mutex};
  write(directory / "other");
  CHECK(!changed.wait_for(lock, 300ms, [this] { return changes > 0; }));
}

TEST(a watch of what does not exist ends well) {
  directory_watch watch{directory / "no" / "such", [this] { count(); }};
}

FIXTURE_SCOPE_END()
