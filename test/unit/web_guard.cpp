// The web configuration while it changes: when it is looked at, what is believed.
#define SUITE web_guard
#include "actors/exposition/web_guard.hpp"

#include "test/unit/captured_log.hpp"
#include "test/unit/test.hpp"

#include <filesystem>
#include <fstream>
#include <optional>

#include <sys/stat.h>
#include <unistd.h>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

const std::string hash = "$2b$04$2eb4x9MMjHKXjnkJARl3BOUSOpQfodhy032qNJ5lnFlpNTkEg0.MW";

struct fixture {
  fixture() {
    std::string pattern = std::filesystem::temp_directory_path() / "web_guard_XXXXXX";
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    directory = pattern;
    file = directory + "/web.yaml";
  }

  ~fixture() { std::filesystem::remove_all(directory); }

  /// Replaces a file by another one, so that its stamp differs however quick we are.
  void write(const std::string& name, const std::string& text) const {
    std::ofstream{directory + "/new"} << text;
    std::filesystem::rename(directory + "/new", directory + "/" + name);
  }

  void write_users(const std::string& user) const {
    write("web.yaml", "basic_auth_users: {" + user + ": " + hash + "}");
  }

  [[nodiscard]] bool knows(const std::string& user, web_guard::clock::time_point now) {
    return guard->door(now)->config.users.contains(user);
  }

  void begin() {
    auto loaded = load_web_door(file, 0);
    REQUIRE(loaded.door != nullptr);
    guard.emplace(file, loaded, [this](const web_door&) { ++changes; });
  }

  std::string directory;
  std::string file;
  std::optional<web_guard> guard;
  int changes = 0;
  web_guard::clock::time_point start = web_guard::clock::now();
};

} // namespace

FIXTURE_SCOPE(web_guard_tests, fixture)

TEST(a change is seen at the next look and that is a second after the last) {
  write_users("a");
  begin();
  CHECK(knows("a", start));
  write_users("b");
  CHECK(knows("a", start + 999ms));
  CHECK(knows("b", start + 1s));
  CHECK(!knows("a", start + 1s));
  CHECK_EQUAL(changes, 1);
  CHECK(knows("b", start + 5s));
  CHECK_EQUAL(changes, 1);
}

TEST(a change between the first reading and the first look is seen) {
  write_users("a");
  auto loaded = load_web_door(file, 0);
  write_users("b");
  guard.emplace(file, loaded, [](const web_door&) {});
  CHECK(knows("b", start));
}

TEST(what is wrong changes nothing until it is right) {
  write_users("a");
  begin();
  for (const auto* text : {"", "{", "basic_auth_users: {c: plain}",
                           "tls_server_config: {cert_file: "
                           "none, key_file: none}"}) {
    write("web.yaml", text);
    start += 1s;
    CHECK(knows("a", start));
  }
  std::filesystem::remove(file);
  CHECK(knows("a", start + 1s));
  CHECK_EQUAL(changes, 0);
  write_users("b");
  CHECK(knows("b", start + 2s));
}

TEST(each fault is a line of the log) {
  write_users("a");
  begin();
  write("web.yaml", "basic_auth_users: {c: plain}\nhttp: {}");
  test::captured_log log;
  CHECK(knows("a", start));
  auto lines = log.lines();
  REQUIRE(lines.size() == 2);
  for (const auto& line : lines)
    CHECK(line.find("what it said before stays: " + file + ":") != std::string::npos);
}

TEST(a file that is named and missing is looked for) {
  write_users("a");
  begin();
  write("web.yaml", "tls_server_config: {cert_file: c.pem, key_file: c.pem}\nbasic_auth_users: {b: "
                      + hash + "}");
  CHECK(knows("a", start));
  auto loaded = load_web_door(file, 0);
  CHECK((loaded.files == std::vector{file, directory + "/c.pem", directory + "/c.pem"}));
  auto before = loaded.stamps;
  write("c.pem", "x");
  CHECK(stamps_of(loaded.files) != before);
}

TEST(a pipe or a directory is no file) {
  auto pipe = directory + "/pipe";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(!read_small_file(pipe));
  CHECK(!read_small_file(directory));
  CHECK(!read_small_file(directory + "/none"));
  write("large", std::string((1U << 20U) + 1, 'x'));
  CHECK(!read_small_file(directory + "/large"));
  write("small", std::string(1U << 20U, 'x'));
  CHECK_EQUAL(read_small_file(directory + "/small")->size(), 1U << 20U);
}

FIXTURE_SCOPE_END()
