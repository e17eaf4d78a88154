// Lines of the log, and how the log starts, changes and ends.
#define SUITE log

#include "config/log.hpp"

#include "test/unit/test.hpp"

#include <nlohmann/json.hpp>
#include <spdlog/details/log_msg.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
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

using form = log_settings::form;
namespace level = spdlog::level;

std::string line_of(std::string_view text, form format = form::human, bool journal = false,
                    level::level_enum x = level::info) {
  auto how = std::make_shared<line_form>();
  how->format = format;
  how->journal = journal;
  spdlog::details::log_msg msg{
    spdlog::log_clock::time_point{1767323045678ms}, {}, "any", x, {text.data(), text.size()}};
  spdlog::memory_buf_t to;
  line_formatter{how}.format(msg, to);
  return {to.data(), to.size()};
}

/// Makes stderr a pipe until it is read: the tests themselves write there.
class captured_stderr {
public:
  captured_stderr() : saved_{dup(STDERR_FILENO)} {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0 || dup2(ends[1], STDERR_FILENO) < 0)
      CAF_FAIL("no pipe");
    close(ends[1]);
    read_end_ = ends[0];
  }

  ~captured_stderr() {
    restore();
    close(read_end_);
  }

  captured_stderr(const captured_stderr&) = delete;
  captured_stderr& operator=(const captured_stderr&) = delete;

  /// What was written, all of it.
  std::string text() {
    restore();
    return read_to_end();
  }

  /// What is written until restore() is called.
  std::string read_to_end() const {
    std::string result;
    char buffer[4096];
    for (ssize_t n; (n = read(read_end_, buffer, sizeof(buffer))) > 0;)
      result.append(buffer, static_cast<size_t>(n));
    return result;
  }

  /// The lines without their times.
  std::string messages() {
    auto all = text();
    std::string result;
    for (size_t i = 0; i < all.size();) {
      auto end = all.find('\n', i);
      result += all.substr(i + 25, end - i - 24);
      i = end + 1;
    }
    return result;
  }

  /// Ends the capture.
  void restore() {
    if (saved_ < 0)
      return;
    dup2(saved_, STDERR_FILENO);
    close(saved_);
    saved_ = -1;
  }

private:
  int saved_;
  int read_end_ = -1;
};

struct fixture {
  fixture() { unsetenv("LOG_LEVEL"); }
  ~fixture() {
    stop_logging();
    unsetenv("LOG_LEVEL");
  }
};

} // namespace

FIXTURE_SCOPE(log_tests, fixture)

TEST(a line for people has time and level) {
  CHECK_EQUAL(line_of("hello"), "2026-01-02T03:04:05.678Z info  hello\n");
  CHECK_EQUAL(line_of("hello", form::human, false, level::err),
              "2026-01-02T03:04:05.678Z error hello\n");
}

TEST(the journal gets priorities and adds the time itself) {
  CHECK_EQUAL(line_of("hello", form::human, true, level::trace), "<7>trace hello\n");
  CHECK_EQUAL(line_of("hello", form::human, true, level::info), "<6>info  hello\n");
  CHECK_EQUAL(line_of("hello", form::human, true, level::warn), "<4>warn  hello\n");
  CHECK_EQUAL(line_of("hello", form::human, true, level::err), "<3>error hello\n");
  CHECK_EQUAL(line_of("hello", form::human, true, level::critical), "<2>fatal hello\n");
}

TEST(a line for machines is an object) {
  CHECK_EQUAL(line_of("say \"hi\"", form::json),
              "{\"time\":\"2026-01-02T03:04:05.678Z\",\"level\":\"info\",\"msg\":\"say "
              "\\\"hi\\\"\"}\n");
}

TEST(an object has the fields of its line) {
  captured_stderr out;
  start_logging({form::json, "info"});
  say(level::warn,
      {.event = log_event::backend_failing,
       .backend = "we\"ird\\",
       .reason = "auth",
       .sqlstate = "28P01",
       .failures = 2,
       .since = 1767323045.7},
      "backend {}: {}", "x", "no");
  say(level::info, log_event::ending, "{}", "ending\",\"event\":\"serving");
  stop_logging();
  auto text = out.text();
  auto first = nlohmann::json::parse(text.substr(0, text.find('\n')));
  first.erase("time");
  CHECK_EQUAL(first.dump(), R"({"backend":"we\"ird\\","event":"backend_failing","failures":2,)"
                            R"("level":"warn","msg":"backend x: no","reason":"auth",)"
                            R"("since":"2026-01-02T03:04:05Z","sqlstate":"28P01"})");
  auto second = nlohmann::json::parse(text.substr(text.find('\n') + 1));
  CHECK_EQUAL(second["event"], "ending");
  CHECK_EQUAL(second["msg"], "ending\",\"event\":\"serving");
}

TEST(people see no fields) {
  captured_stderr out;
  start_logging({});
  say(level::info, {.event = log_event::paused, .backend = "one"}, "paused");
  say_lines(level::err, {.event = log_event::configuration_refused}, "wrong: ", "a\nb\n");
  stop_logging();
  CHECK_EQUAL(out.messages(), "info  paused\nerror wrong: a\nerror wrong: b\n");
}

TEST(fields of a long message are whole) {
  captured_stderr out;
  start_logging({form::json, "info"});
  say(level::info, log_event::ending, "{}", std::string(100'000, 'x'));
  stop_logging();
  auto object = nlohmann::json::parse(out.text());
  CHECK_EQUAL(object["event"], "ending");
  CHECK_EQUAL(object["msg"].get<std::string>().size(), (16U << 10U) + 3);
}

TEST(the manual names every event and what it means) {
  std::ifstream in{PGSTATSMON_SOURCE_DIR "/config/man/pgstatsmon.1"};
  std::string page{std::istreambuf_iterator<char>{in}, {}};
  for (const auto& x : all_log_events) {
    std::string meaning{x.meaning};
    meaning.front() = static_cast<char>(std::toupper(meaning.front()));
    auto words = fmt::format(".It Li {}\n{}.\n", x.name, meaning);
    CHECK_EQUAL(page.find(words) == std::string::npos ? words : "", "");
  }
}

TEST(a message is one line whatever it has) {
  constexpr std::string_view nasty{"a\nb\r\tc\x1b[31m\0\x7f\xc2\x9b\xff\xed\xa0\x80\xc3\xa9\"\\",
                                   23};
  CHECK_EQUAL(line_of(nasty),
              "2026-01-02T03:04:05.678Z info  a\\nb\\r\\tc\\x1b[31m\\x00\\x7f\\u009b"
              "\\xff\\xed\\xa0\\x80\xc3\xa9\"\\\n");
  auto line = line_of(nasty, form::json);
  CHECK_EQUAL(line.find('\n'), line.size() - 1);
  auto object = nlohmann::json::parse(line);
  auto msg = object["msg"].get<std::string>();
  CHECK(msg.starts_with("a\nb\r\tc\x1b[31m"));
  CHECK(msg.ends_with("\xef\xbf\xbd\xc3\xa9\"\\"));
}

TEST(a long message is cut) {
  auto line = line_of(std::string(100'000, 'x'));
  CHECK_EQUAL(line.size(), 31u + (16u << 10) + 4);
  CHECK(line.ends_with("x...\n"));
}

TEST(levels have names and numbers) {
  CHECK(parse_log_level("trace") == level::trace);
  CHECK(parse_log_level("fatal") == level::critical);
  CHECK(parse_log_level("10") == level::trace);
  CHECK(parse_log_level("30") == level::info);
  CHECK(parse_log_level("35") == level::warn);
  CHECK(parse_log_level("60") == level::critical);
  for (auto x : {"", "INFO", "9", "61", "-30", "30 ", "verbose"})
    CHECK(!parse_log_level(x));
}

TEST(the journal is known by device and inode) {
  struct stat info {};
  auto null = open("/dev/null", O_WRONLY | O_CLOEXEC);
  REQUIRE(fstat(null, &info) == 0);
  auto device = std::to_string(info.st_dev);
  auto inode = std::to_string(info.st_ino);
  CHECK(is_journal((device + ':' + inode).c_str(), null));
  CHECK(!is_journal((device + ':' + inode + '1').c_str(), null));
  CHECK(!is_journal((device + ':').c_str(), null));
  CHECK(!is_journal(device.c_str(), null));
  CHECK(!is_journal("", null));
  CHECK(!is_journal(nullptr, null));
  close(null);
}

TEST(what is queued is written before the log ends) {
  captured_stderr out;
  start_logging({});
  for (int i = 0; i < 100; ++i)
    spdlog::info("line {}", i);
  stop_logging();
  auto text = out.messages();
  CHECK(text.starts_with("info  line 0\n"));
  CHECK(text.ends_with("info  line 99\n"));
  CHECK_EQUAL(std::count(text.begin(), text.end(), '\n'), 100);
}

TEST(the level changes while it runs) {
  captured_stderr out;
  start_logging({form::human, "warn"});
  spdlog::info("hidden");
  spdlog::warn("shown");
  start_logging({form::human, "debug"});
  spdlog::debug("shown too");
  stop_logging();
  CHECK_EQUAL(out.messages(), "warn  shown\ndebug shown too\n");
}

TEST(the format changes while it runs) {
  captured_stderr out;
  start_logging({form::human, "info"});
  start_logging({form::json, "info"});
  spdlog::info("object");
  stop_logging();
  auto line = out.text();
  CHECK(line.starts_with("{\"time\":"));
  CHECK(line.ends_with("\",\"level\":\"info\",\"msg\":\"object\"}\n"));
}

TEST(the level of the environment wins) {
  captured_stderr out;
  setenv("LOG_LEVEL", "20", 1);
  start_logging({form::human, "fatal"});
  spdlog::debug("shown");
  stop_logging();
  CHECK_EQUAL(out.messages(), "debug shown\n");
}

TEST(an unknown level of the environment is a warning) {
  captured_stderr out;
  setenv("LOG_LEVEL", "loud", 1);
  start_logging({form::human, "warn"});
  stop_logging();
  CHECK_EQUAL(out.messages(), "warn  LOG_LEVEL is none of trace, debug, info, warn, error, fatal, "
                              "10 to 60: warn is used\n");
}

TEST(a late line is written all the same) {
  captured_stderr out;
  start_logging({});
  stop_logging();
  spdlog::info("late");
  CHECK_EQUAL(out.messages(), "info  late\n");
}

TEST(a slow reader gets every line before the log ends) {
  captured_stderr out;
  start_logging({});
  std::string line(1000, 'x');
  for (int i = 0; i < 500; ++i)
    spdlog::info(line);
  // More than a pipe holds: the log must wait for the reader.
  std::string text;
  std::thread reader{[&] { text = out.read_to_end(); }};
  stop_logging(10s);
  out.restore();
  reader.join();
  CHECK_EQUAL(text.size(), 500 * (31u + 1000 + 1));
}

TEST(nobody waits for a stderr that nobody reads) {
  captured_stderr out;
  start_logging({});
  std::string text(1000, 'x');
  // A pipe holds 64 KiB, the queue 8192 lines.
  for (int i = 0; i < 20'000; ++i)
    spdlog::info(text);
  auto lost = lost_log_lines();
  stop_logging(10ms);
  spdlog::info("dropped");
  CHECK(out.text().size() <= (64U << 10));
  CHECK(lost > 0);
}

TEST(a part of the program may have a level of its own) {
  captured_stderr out;
  start_logging({});
  own_log_level own{no_own_level};
  log_about(own, spdlog::level::debug, {}, "one {}", 1);
  log_about(own, spdlog::level::info, {}, "two");
  own = spdlog::level::debug;
  log_about(own, spdlog::level::debug, {}, "three");
  log_about(own, spdlog::level::trace, {}, "four");
  own = spdlog::level::err;
  log_about(own, spdlog::level::warn, {}, "five");
  log_about(own, spdlog::level::err, {}, "six");
  stop_logging();
  CHECK_EQUAL(out.messages(), "info  two\ndebug three\nerror six\n");
}

TEST(the level can be changed while lines are written) {
  captured_stderr out;
  start_logging({});
  spdlog::debug("one");
  set_log_level(spdlog::level::debug);
  spdlog::debug("two");
  auto changed = log_level();
  start_logging({});
  spdlog::debug("three");
  stop_logging();
  CHECK_EQUAL(out.messages(), "debug two\n");
  CHECK_EQUAL(log_level_name(changed), "debug");
}

FIXTURE_SCOPE_END()
