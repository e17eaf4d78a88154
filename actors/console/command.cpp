// Understands a line.
#include "actors/console/command.hpp"

#include "actors/console/verbs.hpp"
#include "config/log.hpp"
#include "config/text.hpp"
#include "messages/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace pgstatsmon {

namespace {

caf::error wrong(std::string what) {
  return caf::make_error(ec::bad_command, std::move(what));
}

caf::error unknown_verb(std::string_view name) {
  std::vector<std::string_view> names;
  for (const auto& x : public_verbs())
    names.push_back(x.name);
  auto like = nearest(name, names);
  return wrong(fmt::format("unknown command '{}'{}; 'help' lists them", one_line(name),
                           like.empty() ? "" : fmt::format(", did you mean '{}'?", like)));
}

caf::error usage_of(const verb_definition& x) {
  return wrong(fmt::format("usage: {}{}{}", x.name, x.usage.empty() ? "" : " ", x.usage));
}

/// `90s`, `10m`, `1.5h`, `500ms`; nothing else.
std::optional<caf::timespan> parse_span(std::string_view x) {
  double value = 0;
  auto [end, error] = std::from_chars(x.data(), x.data() + x.size(), value);
  if (error != std::errc{} || !std::isfinite(value) || value <= 0)
    return std::nullopt;
  constexpr std::array<std::pair<std::string_view, double>, 5> units{
    {{"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86'400}}};
  std::string_view unit{end, static_cast<size_t>(x.data() + x.size() - end)};
  const auto* i = std::ranges::find(units, unit, &std::pair<std::string_view, double>::first);
  constexpr double longest = 365 * 86'400.0;
  if (i == units.end() || value * i->second > longest)
    return std::nullopt;
  return caf::timespan{static_cast<int64_t>(value * i->second * 1e9)};
}

/// Takes `--flag` from the words.
bool take_flag(std::vector<std::string>& words, std::string_view flag) {
  return std::erase(words, flag) > 0;
}

/// Takes every `--option VALUE` and `--option=VALUE`; false when a value is missing.
bool take_values(std::vector<std::string>& words, std::string_view option,
                 std::vector<std::string>& to) {
  auto is_option = [&](std::string_view x) {
    return x.starts_with(option) && (x.size() == option.size() || x[option.size()] == '=');
  };
  for (auto i = words.begin(); (i = std::ranges::find_if(words, is_option)) != words.end();) {
    auto value = i->size() > option.size() ? i : i + 1;
    if (value == words.end())
      return false;
    to.push_back(value == i ? value->substr(option.size() + 1) : *value);
    words.erase(i, value + 1);
  }
  return true;
}

/// The same of an option that may stand there once.
bool take_value(std::vector<std::string>& words, std::string_view option, std::string& to) {
  std::vector<std::string> values;
  if (!take_values(words, option, values) || values.size() > 1)
    return false;
  if (!values.empty())
    to = std::move(values.front());
  return true;
}

bool take_width(std::vector<std::string>& words, uint16_t& to) {
  std::string text;
  if (!take_value(words, "--width", text) || text.empty())
    return text.empty();
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), to);
  return error == std::errc{} && end == text.data() + text.size();
}

bool take_options(std::vector<std::string>& words, command& to) {
  return take_value(words, "--backend", to.backend) && take_value(words, "--sort", to.which.sort)
         && take_values(words, "--filter", to.which.filters) && take_width(words, to.width);
}

/// The words behind the verb, without flags. False when they are not what the verb takes.
bool take_arguments(command& x, const verb_definition& of, const std::vector<std::string>& words) {
  auto take_name = [&] { x.name = words.empty() ? std::string{} : words.front(); };
  switch (of.takes) {
  case argument::nothing: return words.empty();
  case argument::maybe_verb:
  case argument::log_level: take_name(); return words.size() <= 1;
  case argument::number:
  case argument::backend: take_name(); return words.size() == 1 && !x.name.empty();
  case argument::backend_or_all: break;
  }
  auto rest = words;
  if (!x.all) {
    if (rest.empty() || rest.front().empty())
      return false;
    x.name = rest.front();
    rest.erase(rest.begin());
  }
  if (rest.empty())
    return true;
  auto time = parse_span(rest.front());
  if (of.what != verb::pause || rest.size() > 1 || !time)
    return false;
  x.span = *time;
  return true;
}

/// A pause for a time that is none: the one word behind the name, or behind --all.
std::optional<caf::error> wrong_time(const command& x, const std::vector<std::string>& words) {
  auto place = x.all ? 0U : 1U;
  if (x.what != verb::pause || words.size() != place + 1 || parse_span(words[place]))
    return std::nullopt;
  return wrong(fmt::format("'{}' is no time, expected one like 500ms, 90s, 10m, 1.5h or 2d",
                           one_line(words[place])));
}

bool flags_fit(const command& x) {
  return (!x.disconnect || x.what == verb::pause) && (!x.tree || x.what == verb::actors)
         && (!x.sql || x.what == verb::backend || x.what == verb::plan_of
             || x.what == verb::statements)
         && (!x.all || x.what == verb::pause || x.what == verb::resume)
         && (x.which == backend_selection{} || x.what == verb::backends || x.what == verb::top)
         && (x.backend.empty() || (x.what == verb::log && !x.name.empty()));
}

} // namespace

caf::expected<command> parse_command(std::string_view line) {
  command x;
  // What is to be completed is no whole line, so it is not split.
  if (constexpr std::string_view prefix = "complete "; line.starts_with(prefix)) {
    x.what = verb::complete;
    x.name = line.substr(prefix.size());
    return x;
  }
  auto split_line = split_words(line);
  if (!split_line)
    return std::move(split_line.error());
  auto& words = *split_line;
  if (!words.empty() && words.front() == watch_word) {
    x.watch = true;
    words.erase(words.begin());
  }
  if (words.empty())
    return wrong(x.watch ? "usage: watch COMMAND" : "a command is expected; 'help' lists them");
  const auto* definition = find_verb(words.front());
  if (definition == nullptr)
    return unknown_verb(words.front());
  words.erase(words.begin());
  x.what = definition->what;
  x.json = take_flag(words, "--json");
  x.tree = take_flag(words, "--tree");
  x.all = take_flag(words, "--all");
  x.sql = take_flag(words, "--sql");
  x.disconnect = take_flag(words, "--disconnect");
  x.watch = take_flag(words, "--watch") || x.watch;
  if (!take_options(words, x) || !take_arguments(x, *definition, words) || !flags_fit(x))
    return wrong_time(x, words).value_or(usage_of(*definition));
  if (x.watch && !may_be_watched(x.what))
    return wrong(fmt::format("{} can't be watched", definition->name));
  if (x.what == verb::log && !x.name.empty() && x.name != "default" && !parse_log_level(x.name))
    return wrong("the level is none of trace, debug, info, warn, error, fatal, default");
  return x;
}

} // namespace pgstatsmon
