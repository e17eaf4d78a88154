// The console's language: lines, help, completion.
#define SUITE console_command

#include "test/unit/test.hpp"

#include "actors/console/command.hpp"
#include "messages/error.hpp"

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

command parsed(std::string_view line) {
  auto result = parse_command(line);
  if (!result)
    CAF_FAIL(sentence_of(result.error()));
  return *result;
}

std::string fault(std::string_view line) {
  auto result = parse_command(line);
  return result ? "none" : sentence_of(result.error());
}

using words_of = std::vector<std::string>;

} // namespace

TEST(every verb has its form) {
  CHECK(parsed("help").what == verb::help);
  CHECK(parsed("actors --tree").tree);
  CHECK_EQUAL(parsed("actor 12").name, "12");
  CHECK(parsed("backends --json").json);
  CHECK_EQUAL(parsed("backend db1 --sql").name, "db1");
  CHECK(parsed("backend db1 --sql").sql);
  CHECK(parsed("top").what == verb::top);
  CHECK(parsed("log").name.empty());
  CHECK_EQUAL(parsed("log debug").name, "debug");
  CHECK_EQUAL(parsed("log debug --backend db1").backend, "db1");
  CHECK_EQUAL(parsed("log default --backend db1").name, "default");
  CHECK(parsed("walstat").what == verb::walstat);
  CHECK(parsed("quit").what == verb::quit);
  CHECK(parsed("?").what == verb::help);
}

TEST(a list has filters and an order) {
  auto x =
    parsed("top --filter cluster=orders --sort lag --filter=role!=standby --watch --width 100");
  CHECK_EQUAL(x.which.filters, (words_of{"cluster=orders", "role!=standby"}));
  CHECK_EQUAL(x.which.sort, "lag");
  CHECK(x.watch);
  CHECK_EQUAL(x.width, 100u);
  CHECK_EQUAL(parsed("backends --sort=-age").which.sort, "-age");
  CHECK(parsed("backend db1 --watch").watch);
  CHECK_EQUAL(fault("pause db1 --watch"), "pause can't be watched");
}

TEST(names with blanks stand in quotes) {
  CHECK_EQUAL(parsed("backend \"db one\"").name, "db one");
  CHECK_EQUAL(parsed("backend   db1\t").name, "db1");
  CHECK_EQUAL(fault("backend \"db one"), "a \" is missing");
  CHECK_EQUAL(fault("backend \"\""), "usage: backend NAME [--sql]");
}

TEST(a pause is of one or of all and may have a length) {
  CHECK_EQUAL(parsed("pause db1").span, caf::timespan{0s});
  CHECK_EQUAL(parsed("pause db1 90s").span, caf::timespan{90s});
  CHECK_EQUAL(parsed("pause db1 500ms").span, caf::timespan{500ms});
  CHECK_EQUAL(parsed("pause --all 1.5h").span, caf::timespan{90min});
  CHECK(parsed("pause --all").all);
  CHECK(!parsed("pause db1").disconnect);
  CHECK(parsed("pause --all 10m --disconnect").disconnect);
  CHECK_EQUAL(fault("resume db1 --disconnect"), "usage: resume NAME|--all");
  CHECK_EQUAL(parsed("resume db1").name, "db1");
  for (const auto* line : {"pause", "pause db1 1s 2s"})
    CHECK_EQUAL(fault(line), "usage: pause NAME|--all [FOR] [--disconnect]");
  for (const auto* time : {"forever", "-1s", "0s", "5", "10x", "1e99h", "nans"})
    for (const auto* who : {"db1 ", "--all "})
      CHECK_EQUAL(fault(std::string{"pause "} + who + time),
                  "'" + std::string{time}
                    + "' is no time, expected one like 500ms, 90s, 10m, 1.5h or 2d");
  CHECK_EQUAL(fault("resume db1 5s"), "usage: resume NAME|--all");
}

TEST(what is wrong is said with what is expected) {
  CHECK_EQUAL(fault(""), "a command is expected; 'help' lists them");
  CHECK_EQUAL(fault("bakends"),
              "unknown command 'bakends', did you mean 'backends'?; 'help' lists them");
  CHECK_EQUAL(fault("\x1b[A"), "unknown command '\\x1b[A'; 'help' lists them");
  for (const auto* line : {"backends db1", "backends --tree", "backends --sort",
                           "backends --filter", "backends --sort a --sort b", "backends --width x"})
    CHECK_EQUAL(fault(line), "usage: backends [--filter LABEL=VALUE]... [--sort COLUMN]");
  CHECK_EQUAL(fault("queries --sort p50"), "usage: queries");
  CHECK_EQUAL(fault("log loud"),
              "the level is none of trace, debug, info, warn, error, fatal, default");
  CHECK_EQUAL(fault("log --backend db1"), "usage: log [LEVEL [--backend NAME]]");
  CHECK_EQUAL(fault("log debug --backend"), "usage: log [LEVEL [--backend NAME]]");
}

TEST(what only looks can be watched) {
  CHECK(parsed("watch top").watch);
  CHECK(parsed("watch backend db1").watch);
  CHECK(parsed("watch poll db1").watch);
  CHECK_EQUAL(fault("watch"), "usage: watch COMMAND");
  CHECK_EQUAL(fault("watch pause db1"), "pause can't be watched");
  CHECK_EQUAL(fault("watch watch top"), "unknown command 'watch'; 'help' lists them");
}

TEST(help names every verb and explains one) {
  auto all = help_text();
  for (const auto* name : {"top",
                           "backends",
                           "backend NAME",
                           "clusters",
                           "cluster",
                           "queries",
                           "scheduler",
                           "discovery",
                           "actors [--tree]",
                           "actor ID",
                           "poll NAME",
                           "pause NAME|--all [FOR] [--disconnect]",
                           "resume NAME|--all",
                           "log [LEVEL",
                           "watch COMMAND",
                           "backendstat",
                           "querystat",
                           "walstat",
                           "help",
                           "quit"})
    CHECK(all.find(name) != std::string::npos);
  CHECK(all.find("frames") == std::string::npos);
  CHECK(help_text("pause").starts_with("pause NAME|--all [FOR] [--disconnect]\n"));
  CHECK(help_text("nothing").empty());
}

TEST(a line is completed by what may follow) {
  words_of backends{"db1", "db two", "other"};
  CHECK_EQUAL(completions("ba", backends), (words_of{"backend", "backends", "backendstat"}));
  CHECK_EQUAL(completions("watch wal", backends), (words_of{"walstat"}));
  CHECK_EQUAL(completions("watch pa", backends), words_of{});
  CHECK_EQUAL(completions("backend d", backends), (words_of{"db1"}));
  CHECK_EQUAL(completions("backend ", backends), (words_of{"\"db two\"", "db1", "other"}));
  CHECK_EQUAL(completions("backends --filter c", backends, {"cluster=a", "cluster=b c", "up=no"}),
              (words_of{"cluster=a"}));
  CHECK_EQUAL(completions("backends --sort transac", backends), (words_of{"transactions"}));
  CHECK_EQUAL(completions("backends --sort -transac", backends), (words_of{"-transactions"}));
  CHECK_EQUAL(completions("top --", backends),
              (words_of{"--filter", "--json", "--sort", "--watch"}));
  CHECK_EQUAL(completions("pause o", backends), (words_of{"other"}));
  CHECK_EQUAL(completions("pause --", backends), (words_of{"--all", "--disconnect", "--json"}));
  CHECK_EQUAL(completions("log de", backends), (words_of{"debug", "default"}));
  CHECK_EQUAL(completions("log debug --", backends), (words_of{"--backend", "--json"}));
  CHECK_EQUAL(completions("log debug --backend ot", backends), (words_of{"other"}));
  CHECK_EQUAL(completions("help sc", backends), (words_of{"scheduler"}));
  CHECK_EQUAL(completions("nothing ", backends), words_of{});
  CHECK_EQUAL(completions("backend \"db", backends), (words_of{"\"db two\""}));
  CHECK_EQUAL(completions("backend \"db tw", backends), (words_of{"\"db two\""}));
  CHECK_EQUAL(completions("backend \"db two\" --s", backends), (words_of{"--sql"}));
}

TEST(a line to be completed may be anything) {
  auto x = parsed("complete backend \"a");
  CHECK(x.what == verb::complete);
  CHECK_EQUAL(x.name, "backend \"a");
  CHECK_EQUAL(parsed("complete ").name, "");
}
