// Which password file libpq would read, and why it would not.
#define SUITE passfile

#include "config/passfile.hpp"

#include "test/unit/test.hpp"

#include <filesystem>
#include <fstream>

#include <unistd.h>

using namespace pgstatsmon;

namespace fs = std::filesystem;

TEST(the last passfile of the keywords is read) {
  CHECK_EQUAL(passfile_of({{"passfile", "/a"}, {"sslmode", "require"}, {"passfile", "/b"}}), "/b");
}

TEST(a file that others may use is not read) {
  auto file = fs::temp_directory_path() / ("pgstatsmon-passfile-" + std::to_string(getpid()));
  std::ofstream{file} << "*:*:*:*:secret\n";
  fs::permissions(file, fs::perms{0600});
  CHECK_EQUAL(passfile_problem(file), "");
  fs::permissions(file, fs::perms{0644});
  CHECK_EQUAL(passfile_problem(file), "password file " + file.string()
                                        + " is not read: its group or others may use it (mode "
                                          "0644, at most 0600 is allowed)");
  fs::remove(file);
  CHECK_EQUAL(passfile_problem(file), "");
}

TEST(a directory is no password file) {
  CHECK(passfile_problem("/").find("no plain file") != std::string::npos);
}

TEST(libpq finds nothing where we send it instead) {
  CHECK_EQUAL(passfile_problem(no_passfile), "");
  CHECK(!fs::exists(no_passfile));
}
