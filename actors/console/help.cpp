// Help, and how a line may go on.
#include "actors/console/fit.hpp"
#include "actors/console/verbs.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgstatsmon {

namespace {

void add_matching(std::vector<std::string>& to, std::string_view prefix, std::string_view word) {
  if (word.starts_with(prefix))
    to.emplace_back(word);
}

/// A column for usages, and the rest of eighty.
constexpr size_t usage_width = 24;
constexpr size_t help_width = 80 - usage_width - 2;

/// Usage and help, in as many lines as they take.
std::string help_lines(std::string_view usage, std::string_view help) {
  auto lines = wrapped(help, help_width);
  // A long usage has a line of its own.
  if (usage.size() > usage_width)
    lines.insert(lines.begin(), std::string{});
  std::string result;
  for (size_t i = 0; i < lines.size(); ++i) {
    auto left = i == 0 ? usage : std::string_view{};
    result += lines[i].empty() ? fmt::format("{}\n", left)
                               : fmt::format("{:<{}}  {}\n", left, usage_width, lines[i]);
  }
  return result;
}

std::string quoted(const std::string& name) {
  return name.find_first_of(" \t") == std::string::npos ? name : '"' + name + '"';
}

} // namespace

std::string help_text(std::string_view of) {
  if (!of.empty() && of != watch_word) {
    const auto* x = find_verb(of);
    return x == nullptr ? std::string{} : fmt::format("{} {}\n  {}\n", x->name, x->usage, x->help);
  }
  std::string result;
  for (const auto& x : public_verbs())
    result +=
      help_lines(fmt::format("{}{}{}", x.name, x.usage.empty() ? "" : " ", x.usage), x.help);
  result += help_lines("watch COMMAND", "the same again every second; Enter ends it. "
                                        "COMMAND --watch does as well");
  return result + "\n--json makes an answer JSON. Names with blanks stand in \"quotes\".\n";
}

std::string_view last_word(std::string_view line) noexcept {
  size_t begin = 0;
  auto quoted = false;
  for (size_t i = 0; i < line.size(); ++i)
    if (line[i] == '"')
      quoted = !quoted;
    else if (!quoted && (line[i] == ' ' || line[i] == '\t'))
      begin = i + 1;
  return line.substr(begin);
}

std::vector<std::string> completions(std::string_view line,
                                     const std::vector<std::string>& backends,
                                     const std::vector<std::string>& filters) {
  auto last = last_word(line);
  auto before = split_words(line.substr(0, line.size() - last.size()));
  std::vector<std::string> result;
  if (!before)
    return result;
  auto& words = *before;
  auto watched = !words.empty() && words.front() == watch_word;
  if (watched)
    words.erase(words.begin());
  if (words.empty()) {
    for (const auto& x : public_verbs())
      if (!watched || may_be_watched(x.what))
        add_matching(result, last, x.name);
    if (!watched)
      add_matching(result, last, watch_word);
    std::ranges::sort(result);
    return result;
  }
  const auto* definition = find_verb(words.front());
  if (definition == nullptr)
    return result;
  auto takes = [&](std::string_view flag) {
    return definition->usage.find(flag) != std::string_view::npos;
  };
  if (words.back() == "--filter" && takes("--filter")) {
    for (const auto& x : filters)
      add_matching(result, last, quoted(x));
    return result;
  }
  if (words.back() == "--sort" && takes("--sort")) {
    for (const auto& x : sort_words())
      add_matching(result, last, last.starts_with('-') ? '-' + x : x);
    return result;
  }
  auto takes_backend =
    definition->takes == argument::backend || definition->takes == argument::backend_or_all;
  if (words.back() == "--backend" || (takes_backend && words.size() == 1))
    for (const auto& x : backends)
      add_matching(result, last, quoted(x));
  if (definition->takes == argument::maybe_verb && words.size() == 1)
    for (const auto& x : public_verbs())
      add_matching(result, last, x.name);
  if (definition->takes == argument::log_level && words.size() == 1)
    for (const auto* x : {"trace", "debug", "info", "warn", "error", "fatal", "default"})
      add_matching(result, last, x);
  if (last.starts_with('-')) {
    for (const auto* flag : {"--all", "--disconnect", "--filter", "--sort", "--sql", "--tree"})
      if (takes(flag))
        add_matching(result, last, flag);
    if (!watched && may_be_watched(definition->what))
      add_matching(result, last, "--watch");
    if (definition->takes == argument::log_level && words.size() > 1)
      add_matching(result, last, "--backend");
    add_matching(result, last, "--json");
  }
  std::ranges::sort(result);
  return result;
}

} // namespace pgstatsmon
