// What a session is told when it connects.
#define SUITE conninfo

#include "actors/backend/conninfo.hpp"

#include "test/unit/test.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <unistd.h>

using namespace pgstatsmon;

namespace {

std::string value_of(const connect_parameters& x, std::string_view keyword) {
  auto i = std::ranges::find(x, keyword, &connect_parameter::keyword);
  return i == x.end() ? "(none)" : i->value;
}

const backend target{"id", "alpha", "db.example", 6432, "moray", "watcher", {}, "static"};

} // namespace

TEST(a session that polls cannot write and is bounded by the server) {
  auto x = polling_parameters(target, {}, {"watcher", "secret"}, {"::1", "127.0.0.1"});
  CHECK_EQUAL(value_of(x, "host"), "db.example,db.example");
  CHECK_EQUAL(value_of(x, "hostaddr"), "::1,127.0.0.1");
  CHECK_EQUAL(value_of(x, "port"), "6432");
  CHECK_EQUAL(value_of(x, "dbname"), "moray");
  CHECK_EQUAL(value_of(x, "user"), "watcher");
  CHECK_EQUAL(value_of(x, "password"), "secret");
  CHECK_EQUAL(value_of(x, "options"),
              startup_options({.statement_timeout = 1000, .lock_timeout = 500}, 0));
}

TEST(parameters of the configuration come before our own) {
  connection_settings options;
  options.parameters = {{"application_name", "mine"}, {"sslmode", "verify-full"}};
  auto x = polling_parameters(target, options, {"watcher", ""}, {});
  CHECK_EQUAL(value_of(x, "application_name"), "mine");
  CHECK_EQUAL(value_of(x, "sslmode"), "verify-full");
  CHECK_EQUAL(value_of(x, "password"), "(none)");
  CHECK_EQUAL(value_of(x, "hostaddr"), "(none)");
}

TEST(a session without guards sends no options) {
  connection_settings options;
  options.guards = false;
  CHECK_EQUAL(value_of(polling_parameters(target, options, {"w", ""}, {}), "options"), "(none)");
}

TEST(literal addresses and socket directories need no name service) {
  CHECK(!needs_resolution("127.0.0.1"));
  CHECK(!needs_resolution("::1"));
  CHECK(!needs_resolution("fe80::1%eth0"));
  CHECK(!needs_resolution("/run/postgresql"));
  CHECK(!needs_resolution("@abstract"));
  CHECK(needs_resolution("localhost"));
  CHECK(needs_resolution("1.2.3"));
}

TEST(a password is the first line of its file) {
  auto path =
    std::filesystem::temp_directory_path() / ("pgstatsmon-password-" + std::to_string(getpid()));
  std::ofstream{path} << "s3cret\r\nnot this\n";
  auto password = read_password(path);
  std::filesystem::remove(path);
  REQUIRE(password.engaged());
  CHECK_EQUAL(*password, "s3cret");
  auto missing = read_password(path);
  REQUIRE(!missing.engaged());
  CHECK_EQUAL(sentence_of(missing.error()),
              "cannot read " + path.string() + ": No such file or directory");
  auto none = read_password("");
  REQUIRE(none.engaged());
  CHECK_EQUAL(*none, "");
}
