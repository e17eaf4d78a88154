// Files of any length, and those that can't be read.
#define SUITE read_file

#include "config/read_file.hpp"

#include "test/unit/test.hpp"

#include "messages/error.hpp"

#include <filesystem>
#include <fstream>

#include <unistd.h>

using namespace pgstatsmon;

namespace {

struct fixture {
  fixture()
    : path{std::filesystem::temp_directory_path() / ("read_file." + std::to_string(getpid()))} {}
  ~fixture() { std::filesystem::remove(path); }

  void write(const std::string& text) const { std::ofstream{path} << text; }

  std::filesystem::path path;
};

} // namespace

FIXTURE_SCOPE(read_file_tests, fixture)

TEST(a file is read whole) {
  for (size_t size : {0, 1, 16383, 16384, 16385, 100'000}) {
    std::string text(size, 'x');
    text += "end";
    write(text);
    CHECK(read_file(path, 1 << 20) == text);
  }
}

TEST(a longer file is read as far as wanted) {
  write(std::string(100'000, 'x'));
  for (size_t most : {0, 1, 16384, 16385, 99'999, 100'000})
    CHECK_EQUAL(read_file(path, most)->size(), most);
}

TEST(a file that cannot be read is named with the reason) {
  auto missing = read_file(path, 10);
  REQUIRE(!missing);
  CHECK(missing.error() == ec::unreadable_file);
  CHECK_EQUAL(sentence_of(missing.error()), path.string() + ": No such file or directory");
  auto directory = read_file("/", 10);
  REQUIRE(!directory);
  CHECK_EQUAL(sentence_of(directory.error()), "/: Is a directory");
}

FIXTURE_SCOPE_END()
