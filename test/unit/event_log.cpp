// Events in a file: whole, bounded, and never waited for.
#define SUITE event_log

#include "config/event_log.hpp"

#include "test/unit/captured_log.hpp"
#include "test/unit/test.hpp"

#include "config/event_file.hpp"
#include "config/event_queue.hpp"
#include "config/log.hpp"

#include <nlohmann/json.hpp>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

namespace fs = std::filesystem;
namespace level = spdlog::level;

class fixture {
public:
  fixture() {
    std::signal(SIGPIPE, SIG_IGN);
    std::string name = fs::temp_directory_path() / "pgstatsmon-events-XXXXXX";
    if (mkdtemp(name.data()) == nullptr)
      CAF_FAIL("no directory");
    directory = name;
    path = directory / "events";
  }
  ~fixture() {
    stop_events();
    std::error_code gone_already;
    fs::remove_all(directory, gone_already);
  }
  fixture(const fixture&) = delete;
  fixture& operator=(const fixture&) = delete;

  static std::string text(const fs::path& of) {
    std::ifstream in{of};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

  [[nodiscard]] event_settings settings(uint64_t max_bytes = 1000) const {
    event_settings result;
    result.file = path;
    result.max_bytes = max_bytes;
    return result;
  }

  static bool never() { return false; }

  test::captured_log log;
  fs::path directory;
  fs::path path;
};

std::string line(size_t size, char of = 'x') {
  return std::string(size - 1, of) + '\n';
}

} // namespace

FIXTURE_SCOPE(event_log_tests, fixture)

TEST(a file is as large as it may be and the one before it is kept) {
  event_file file{settings(100)};
  for (char x : {'a', 'b', 'c', 'd', 'e'})
    CHECK(!file.write(line(40, x), never));
  CHECK_EQUAL(text(path), line(40, 'e'));
  CHECK_EQUAL(text(path.string() + ".1"), line(40, 'c') + line(40, 'd'));
  // A line that is longer than a file may be is alone in one.
  CHECK(!file.write(line(300), never));
  CHECK_EQUAL(text(path), line(300));
  CHECK_EQUAL(std::distance(fs::directory_iterator{directory}, fs::directory_iterator{}), 2);
}

TEST(a file that was removed or renamed is begun anew) {
  event_file file{settings()};
  CHECK(!file.write("one\n", never));
  fs::remove(path);
  CHECK(!file.write("two\n", never));
  CHECK_EQUAL(text(path), "two\n");
  fs::rename(path, directory / "old");
  CHECK(!file.write("three\n", never));
  CHECK_EQUAL(text(path), "three\n");
  // Somebody else has emptied it.
  fs::resize_file(path, 0);
  CHECK(!file.write("four\n", never));
  CHECK_EQUAL(text(path), "four\n");
}

TEST(a line that was torn by a crash is ended) {
  std::ofstream{path} << "whole\nto";
  event_file file{settings()};
  CHECK(!file.write("next\n", never));
  CHECK_EQUAL(text(path), "whole\nto\nnext\n");
}

TEST(a full device takes nothing) {
  auto full = settings();
  full.file = "/dev/full";
  event_file file{full};
  CHECK(file.write("one\n", never) == std::errc::no_space_on_device);
}

TEST(a directory that is not there yet is waited for) {
  auto missing = settings();
  missing.file = directory / "later" / "events";
  event_file file{missing};
  CHECK(file.write("one\n", never) == std::errc::no_such_file_or_directory);
  fs::create_directory(directory / "later");
  CHECK(!file.write("two\n", never));
  CHECK_EQUAL(text(missing.file), "two\n");
}

TEST(a FIFO is waited for as long as somebody is patient) {
  REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  event_file file{settings()};
  CHECK(file.write("nobody reads\n", never) == std::errc::no_such_device_or_address);
  auto reader = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  REQUIRE(reader >= 0);
  CHECK(!file.write("read\n", never));
  std::string got(5, ' ');
  CHECK_EQUAL(read(reader, got.data(), got.size()), 5);
  CHECK_EQUAL(got, "read\n");
  auto error = std::error_code{};
  for (int i = 0; i < 100 && !error; ++i)
    error = file.write(line(10'000), never);
  CHECK(error == std::errc::timed_out);
  close(reader);
  CHECK(file.write("gone\n", never) == std::errc::broken_pipe);
  CHECK(file.write("gone\n", never) == std::errc::no_such_device_or_address);
  reader = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  CHECK(!file.write("again\n", never));
  close(reader);
}

TEST(a queue takes no more than it may) {
  event_queue all;
  for (size_t i = 0; i < event_queue::max_lines; ++i)
    REQUIRE(all.add("x\n"));
  CHECK(!all.add("x\n"));
  CHECK_EQUAL(all.take().size(), event_queue::max_lines);
  CHECK(all.add(std::string(event_queue::max_bytes, 'x')));
  CHECK(!all.add("x\n"));
  CHECK_EQUAL(all.take().size(), 1u);
  CHECK(all.add("last\n"));
  all.close();
  CHECK(!all.add("late\n"));
  CHECK_EQUAL(all.take().size(), 1u);
  CHECK(all.take().empty());
}

TEST(a line with a name is an event whatever the level) {
  start_events(settings());
  set_log_level(level::err);
  say(level::info, {.event = log_event::paused, .backend = "one"}, "paused");
  say(level::info, "no event");
  own_log_level own{level::off};
  log_about(own, level::warn,
            {.event = log_event::backend_demoted,
             .backend = "two",
             .cluster = "7",
             .from = "primary",
             .to = "standby",
             .details = R"(,"pid":5)"},
            "backend {}", "two");
  stop_events();
  set_log_level(level::trace);
  CHECK(log.lines().empty());
  auto all = text(path);
  auto second = all.find('\n') + 1;
  REQUIRE(second > 0 && all.ends_with("}\n"));
  auto first = nlohmann::json::parse(all.substr(0, second));
  CHECK_EQUAL(first["event"], "paused");
  CHECK_EQUAL(first["backend"], "one");
  CHECK_EQUAL(first["msg"], "paused");
  CHECK_EQUAL(first["level"], "info");
  CHECK(first.contains("time"));
  auto last = nlohmann::json::parse(all.substr(second));
  CHECK_EQUAL(last["cluster"], "7");
  CHECK_EQUAL(last["from"], "primary");
  CHECK_EQUAL(last["to"], "standby");
  CHECK_EQUAL(last["pid"], 5);
}

TEST(without a file there are no events) {
  start_events({});
  CHECK(!are_events_kept());
  say(level::info, {.event = log_event::paused}, "paused");
  CHECK_EQUAL(log.lines().size(), 1u);
  CHECK_EQUAL(count_events().written + count_events().dropped, 0u);
}

TEST(another configuration is followed) {
  auto other = settings();
  other.file = directory / "other";
  start_events(settings());
  say(level::info, log_event::paused, "one");
  while (count_events().written < 1)
    std::this_thread::yield();
  start_events(other);
  say(level::info, log_event::paused, "two");
  while (count_events().written < 2)
    std::this_thread::yield();
  CHECK(text(path).find("one") != std::string::npos);
  CHECK(text(other.file).find("two") != std::string::npos);
  start_events({});
  CHECK(!are_events_kept());
}

TEST(whoever logs does not wait for a reader) {
  REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  auto reader = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  REQUIRE(reader >= 0);
  start_events(settings());
  // More than a pipe and the queue hold, twice.
  std::string text(2000, 'x');
  for (size_t i = 0; i < 3 * event_queue::max_lines; ++i)
    say(level::info, log_event::paused, "{}", text);
  CHECK(count_events().dropped > event_queue::max_lines / 2);
  auto said = [&] {
    for (const auto& x : log.lines())
      if (x.find("its reader is slow") != std::string::npos)
        return true;
    return false;
  };
  while (!said())
    std::this_thread::yield();
  // Nor does the end.
  auto began = std::chrono::steady_clock::now();
  stop_events(10ms);
  CHECK(std::chrono::steady_clock::now() - began < 5s);
  close(reader);
}

TEST(what is dropped is said once and so is its end) {
  auto later = settings();
  later.file = directory / "later" / "events";
  start_events(later);
  for (int i = 0; i < 5; ++i)
    say(level::info, log_event::paused, "{}", i);
  while (count_events().dropped < 6) // with the one that says so
    std::this_thread::yield();
  fs::create_directory(directory / "later");
  // Not yet by one that is shorter than what failed.
  say(level::info, log_event::resumed, "now");
  while (count_events().written < 1)
    std::this_thread::yield();
  CHECK_EQUAL(count_events().written, 1u);
  say(level::info, log_event::resumed, "{}", std::string(200, 'x'));
  while (count_events().written < 3)
    std::this_thread::yield();
  stop_events();
  size_t fails = 0;
  size_t works = 0;
  for (const auto& x : log.lines()) {
    fails += x.find("events are dropped") != std::string::npos ? 1 : 0;
    works += x.find("events are written again, 6 were dropped") != std::string::npos ? 1 : 0;
  }
  CHECK_EQUAL(fails, 1u);
  CHECK_EQUAL(works, 1u);
}

FIXTURE_SCOPE_END()
