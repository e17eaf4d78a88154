// Small files that may change while we run.
#define SUITE watched_file

#include "actors/exposition/watched_file.hpp"

#include "test/unit/test.hpp"

#include "messages/error.hpp"

#include <filesystem>
#include <fstream>

#include <sys/stat.h>
#include <unistd.h>

using namespace pgstatsmon;
namespace fs = std::filesystem;

namespace {

struct fixture {
  fixture() { fs::create_directory(directory); }
  ~fixture() { fs::remove_all(directory); }

  void write(const std::string& text) const { std::ofstream{path} << text; }

  fs::path directory =
    fs::temp_directory_path() / ("pgstatsmon-watched-" + std::to_string(getpid()));
  fs::path path = directory / "file";
};

} // namespace

FIXTURE_SCOPE(watched_file_tests, fixture)

TEST(a file that is written or replaced or gone has another stamp) {
  CHECK(stamps_of({path}) == std::vector<file_stamp>{file_stamp{}});
  write("one");
  auto first = stamps_of({path});
  CHECK(first != std::vector<file_stamp>{file_stamp{}});
  CHECK(stamps_of({path}) == first);
  write("three");
  auto second = stamps_of({path});
  CHECK(second != first);
  std::ofstream{directory / "other"} << "three";
  fs::rename(directory / "other", path);
  CHECK(stamps_of({path}) != second);
}

TEST(what a link leads to is what counts) {
  write("one");
  fs::create_symlink(path, directory / "link");
  auto before = stamps_of({directory / "link"});
  CHECK(before == stamps_of({path}));
  write("other");
  CHECK(stamps_of({directory / "link"}) != before);
}

TEST(a small file is read whole) {
  write("a\nb\n");
  auto text = read_small_file(path);
  REQUIRE(text.engaged());
  CHECK_EQUAL(*text, "a\nb\n");
}

TEST(what is no small regular file is refused with the reason) {
  auto refused = [](const fs::path& what) {
    auto text = read_small_file(what);
    return text ? std::string{"read"} : sentence_of(text.error());
  };
  CHECK_EQUAL(refused(path), "No such file or directory");
  CHECK_EQUAL(refused(directory), "is no regular file");
  REQUIRE(mkfifo((directory / "pipe").c_str(), 0600) == 0);
  CHECK_EQUAL(refused(directory / "pipe"), "is no regular file");
  write(std::string((1U << 20U) + 1, 'x'));
  CHECK(refused(path) != "read");
}

FIXTURE_SCOPE_END()
