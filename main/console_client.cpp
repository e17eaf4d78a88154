// Answers to standard output, errors to standard error.
#include "main/console_client.hpp"

#include "main/console_link.hpp"
#include "main/console_prompt.hpp"
#include "main/terminal.hpp"
#include "messages/error.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>

#include <unistd.h>

namespace pgstatsmon {

namespace {

std::string line_of(const console_options& x) {
  std::string line;
  for (const auto& word : x.words) {
    auto blank = word.empty() || word.find_first_of(" \t") != std::string::npos;
    line += line.empty() ? "" : " ";
    line += blank ? '"' + word + '"' : word;
  }
  return x.json ? line + " --json" : line;
}

/// Prints the answers to a line; for `watch`, until the daemon or a signal ends it.
bool run_line(console_link& link, const std::string& line) {
  auto reply = link.ask(for_terminal(line));
  auto on_terminal = isatty(STDOUT_FILENO) != 0;
  while (reply && !reply->last) {
    if (on_terminal)
      fmt::print("\033[H\033[2J");
    fmt::print("{}\n", reply->text);
    std::fflush(stdout);
    if (std::ferror(stdout) != 0)
      return true; // nobody reads on
    reply = link.receive();
  }
  if (!reply) {
    fmt::print(stderr, "pgstatsmon: {}\n", sentence_of(reply.error()));
    return false;
  }
  auto is_error = reply->text.starts_with("error: ");
  fmt::print(is_error ? stderr : stdout, "{}", reply->text);
  std::fflush(stdout);
  return reply->good;
}

bool run_lines(console_link& link, bool json) {
  auto good = true;
  for (std::string line; std::getline(std::cin, line);)
    if (line.find_first_not_of(" \t\r") != std::string::npos)
      good = run_line(link, json ? line + " --json" : line) && good;
  return good;
}

} // namespace

int run_console(const console_options& x) {
  console_link link{x.socket};
  auto good = false;
  if (!x.words.empty())
    good = run_line(link, line_of(x));
  else if (isatty(STDIN_FILENO) == 0)
    good = run_lines(link, x.json);
  else
    good = run_prompt(link);
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

} // namespace pgstatsmon
