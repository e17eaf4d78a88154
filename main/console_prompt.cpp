// libedit at the edge: its callbacks get the session as client data.
#include "main/console_prompt.hpp"

#include "actors/console/command.hpp"
#include "main/terminal.hpp"
#include "messages/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <histedit.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pgstatsmon {

namespace {

constexpr int history_size = 1000;

volatile std::sig_atomic_t interrupt_came = 0;

void note_interrupt(int) {
  interrupt_came = 1;
}

/// While it lives, an interrupt ends a wait instead of the process.
class interrupt_guard {
public:
  interrupt_guard() {
    interrupt_came = 0;
    struct sigaction action {};
    action.sa_handler = note_interrupt;
    sigaction(SIGINT, &action, &before_);
  }
  interrupt_guard(const interrupt_guard&) = delete;
  interrupt_guard& operator=(const interrupt_guard&) = delete;
  ~interrupt_guard() { sigaction(SIGINT, &before_, nullptr); }

private:
  struct sigaction before_ {};
};

const char* prompt_text(EditLine*) {
  return "pgstatsmon> ";
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> result;
  for (size_t i = 0; i < text.size();) {
    auto end = std::min(text.find('\n', i), text.size());
    result.push_back(text.substr(i, end - i));
    i = end + 1;
  }
  return result;
}

std::string common_prefix(const std::vector<std::string>& words) {
  auto result = words.front();
  for (const auto& x : words) {
    auto [i, j] = std::ranges::mismatch(result, x);
    result.erase(i, result.end());
  }
  return result;
}

unsigned char complete(EditLine* editor, int) {
  void* data = nullptr;
  el_get(editor, EL_CLIENTDATA, &data);
  const auto* line = el_line(editor);
  std::string typed{line->buffer, static_cast<size_t>(line->cursor - line->buffer)};
  auto reply = static_cast<console_link*>(data)->ask("complete " + typed);
  auto words = reply && reply->good ? lines_of(reply->text) : std::vector<std::string>{};
  auto last = last_word(typed);
  std::erase_if(words, [&](const auto& x) { return !x.starts_with(last); });
  if (words.empty())
    return CC_REFRESH_BEEP;
  auto more = common_prefix(words).substr(last.size());
  if (words.size() == 1)
    more += ' ';
  if (!more.empty())
    return el_insertstr(editor, more.c_str()) == 0 ? CC_REFRESH : CC_REFRESH_BEEP;
  fmt::print("\n");
  for (const auto& x : words)
    fmt::print("{}\n", x);
  std::fflush(stdout);
  return CC_REDISPLAY;
}

std::string history_file() {
  if (const auto* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state != '\0')
    return std::string{state} + "/pgstatsmon_history";
  const auto* home = std::getenv("HOME");
  return home == nullptr ? std::string{} : std::string{home} + "/.pgstatsmon_history";
}

/// The lines of earlier sessions and of this one.
class remembered_lines {
public:
  remembered_lines() : history_{history_init(), history_end}, file_{history_file()} {
    HistEvent event{};
    history(history_.get(), &event, H_SETSIZE, history_size);
    history(history_.get(), &event, H_SETUNIQUE, 1);
    if (!file_.empty())
      history(history_.get(), &event, H_LOAD, file_.c_str());
  }

  [[nodiscard]] History* get() const { return history_.get(); }

  void add(const char* line) {
    HistEvent event{};
    history(history_.get(), &event, H_ENTER, line);
    if (file_.empty())
      return;
    auto before = umask(0077);
    history(history_.get(), &event, H_SAVE, file_.c_str());
    umask(before);
  }

private:
  std::unique_ptr<History, decltype(&history_end)> history_;
  std::string file_;
};

/// Prints the answers to a line; an interrupt or Enter ends a watch.
void run(console_link& link, const std::string& line) {
  interrupt_guard guard;
  auto reply = link.ask(for_terminal(line));
  auto wants_to_end = [](bool typed) {
    if (std::exchange(interrupt_came, 0) != 0)
      return true;
    char key = 0;
    return typed && read(STDIN_FILENO, &key, 1) > 0 && key == '\n';
  };
  while (reply && !reply->last) {
    fmt::print("\033[H\033[2J{}", reply->text);
    std::fflush(stdout);
    reply = link.receive(STDIN_FILENO, wants_to_end);
  }
  if (reply)
    fmt::print("{}", reply->text);
  else
    fmt::print("{}\n", sentence_of(reply.error()));
  std::fflush(stdout);
}

} // namespace

bool run_prompt(console_link& link) {
  if (auto hello = link.ask("frames"); !hello) {
    fmt::print(stderr, "pgstatsmon: {}\n", sentence_of(hello.error()));
    return false;
  }
  remembered_lines history_lines;
  std::unique_ptr<EditLine, decltype(&el_end)> editor{el_init("pgstatsmon", stdin, stdout, stderr),
                                                      el_end};
  if (editor == nullptr)
    return false;
  el_set(editor.get(), EL_CLIENTDATA, &link);
  el_set(editor.get(), EL_PROMPT, prompt_text);
  el_set(editor.get(), EL_SIGNAL, 1);
  el_set(editor.get(), EL_EDITOR, "emacs");
  el_set(editor.get(), EL_HIST, history, history_lines.get());
  // The narrow form of this one copies its names and never frees them.
  el_wset(editor.get(), EL_ADDFN, L"complete-command", L"Complete a command", complete);
  el_set(editor.get(), EL_BIND, "^I", "complete-command", nullptr);
  el_source(editor.get(), nullptr);
  int length = 0;
  while (const auto* typed = el_gets(editor.get(), &length)) {
    std::string line{typed, static_cast<size_t>(std::max(length, 0))};
    line.erase(line.find_last_not_of(" \t\r\n") + 1);
    line.erase(0, line.find_first_not_of(" \t"));
    if (line.empty())
      continue;
    history_lines.add(typed);
    if (line == "quit" || line == "exit")
      return true;
    run(link, line);
  }
  fmt::print("\n");
  return true;
}

} // namespace pgstatsmon
