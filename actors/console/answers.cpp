// One function a verb, and the table that leads to them.
#include "actors/console/answers.hpp"

#include "config/log.hpp"
#include "config/text.hpp"
#include "messages/error.hpp"

#include <fmt/format.h>

#include <charconv>

namespace pgstatsmon {

namespace {

/// Backends that `top` shows: a screen of them.
constexpr size_t top_rows = 20;

caf::error no_backend(const entry_list& backends, const std::string& name) {
  std::vector<std::string_view> names;
  for (const auto& x : backends)
    names.emplace_back(x->value.name);
  auto like = nearest(name, names);
  return caf::make_error(
    ec::no_such_backend,
    fmt::format("no backend is called '{}'{}", one_line(name),
                like.empty() ? "" : fmt::format(", did you mean '{}'?", like)));
}

answer help(const command& x) {
  auto text = help_text(x.name);
  if (text.empty())
    return show(x, caf::make_error(ec::bad_command,
                                   fmt::format("no command is called '{}'", one_line(x.name))));
  return {std::move(text)};
}

answer actor(const command& x, const console_sources& from) {
  uint64_t id = 0;
  auto [end, error] = std::from_chars(x.name.data(), x.name.data() + x.name.size(), id);
  auto found = error == std::errc{} && end == x.name.data() + x.name.size()
                 ? actor_report(from.actors->list(), id, look_time::now())
                 : std::nullopt;
  if (!found)
    return show(x, caf::make_error(ec::bad_command, fmt::format("no live actor has the number '{}'",
                                                                one_line(x.name))));
  return show(x, *found);
}

answer one_backend(const command& x, const console_sources& from) {
  auto all = from.backends->get();
  auto found = find_backend(*all, x.name);
  if (found == nullptr)
    return show(x, no_backend(*all, x.name));
  if (x.what == verb::plan_of)
    return show(x, plan_report(*found, x.sql));
  if (x.what == verb::statements)
    return show(x, texts_report(*found, x.sql, look_time::now()));
  auto result = backend_report(*found, *from.signs, look_time::now(), x.sql);
  if (!x.json)
    leave_out_what_is_not_asked(result);
  return show(x, result);
}

report levels(const entry_list& backends) {
  table own{
    "backends with a level of their own", "backends", {{"backend", "backend"}, {"level", "level"}}};
  for (const auto& x : backends)
    if (auto level = x->metrics->log_level.load(std::memory_order_relaxed); level != no_own_level)
      own.rows.push_back({words(x->value.name),
                          words(log_level_name(static_cast<spdlog::level::level_enum>(level)))});
  return {fact_list{{{"level", "level", words(log_level_name(log_level()))}}}, std::move(own)};
}

answer change_log(const command& x, const console_sources& from) {
  auto all = from.backends->get();
  if (x.name.empty())
    return show(x, levels(*all));
  auto level = parse_log_level(x.name);
  if (x.backend.empty()) {
    if (!level)
      return show(
        x, caf::make_error(ec::bad_command, std::string{"usage: log default --backend NAME"}));
    set_log_level(*level);
    say(spdlog::level::warn, "the log level is {} by order", log_level_name(*level));
    return show(x, levels(*all));
  }
  auto found = find_backend(*all, x.backend);
  if (found == nullptr)
    return show(x, no_backend(*all, x.backend));
  found->metrics->log_level = level ? static_cast<int>(*level) : no_own_level;
  say(spdlog::level::warn, "the log level of backend {} is {} by order", found->value.name, x.name);
  return show(x, levels(*all));
}

answer complete(const command& x, const console_sources& from) {
  std::vector<std::string> names;
  auto all = from.backends->get();
  for (const auto& y : *all)
    names.push_back(y->value.name);
  std::string text;
  for (const auto& y : completions(x.name, names))
    text += y + '\n';
  return {std::move(text)};
}

} // namespace

answer show(const command& of, const report& x, bool good) {
  return {of.json ? to_json_text(x) : to_text(x), good};
}

answer show(const command& of, const caf::error& x) {
  auto sentence = sentence_of(x);
  if (of.json)
    return {.text = to_json_text({fact_list{{{"error", "error", words(sentence)}}}}),
            .good = false};
  return {.text = fmt::format("error: {}\n", sentence), .good = false};
}

std::optional<answer> answer_now(const command& x, const console_sources& from,
                                 stat_tables& stats) {
  auto now = look_time::now();
  auto backends = from.backends->get();
  switch (x.what) {
  case verb::help: return help(x);
  case verb::actors: return show(x, actors_report(from.actors->list(), now, x.tree));
  case verb::actor: return actor(x, from);
  case verb::backends:
    if (x.json)
      return answer{backends_json(*backends, *from.signs, now)};
    return show(x, backends_report(*backends, *from.signs, now));
  case verb::backend:
  case verb::plan_of:
  case verb::statements: return one_backend(x, from);
  case verb::queries: return show(x, queries_report(*backends, *from.queries()));
  case verb::top: return show(x, top_report(*backends, *from.signs, now, top_rows));
  case verb::log: return change_log(x, from);
  case verb::backendstat: return show(x, stats.backends(*backends));
  case verb::querystat: return show(x, stats.queries(*backends, *from.queries()));
  case verb::walstat: return show(x, stats.wal(*backends));
  case verb::complete: return complete(x, from);
  case verb::frames:
  case verb::quit: return answer{};
  case verb::scheduler:
  case verb::discovery:
  case verb::poll:
  case verb::pause:
  case verb::resume: return std::nullopt;
  }
  return std::nullopt;
}

answer show_poll(const command& of, const poll_report& x, const console_sources& from) {
  auto outcome = !x.polled                   ? "not polled, as it is not connected"
                 : x.reason == failure::none ? "ok"
                                             : to_string_view(x.reason);
  report result{fact_list{{{"poll", "poll", words(outcome)},
                           {"took", "poll_seconds", x.polled ? span(x.duration) : none()},
                           {"rows", "poll_rows", count(x.rows)}}}};
  auto all = from.backends->get();
  if (auto found = find_backend(*all, of.name))
    for (auto& part : backend_report(*found, *from.signs, look_time::now(), of.sql))
      result.push_back(std::move(part));
  if (!of.json)
    leave_out_what_is_not_asked(result);
  return show(of, result, x.polled && x.reason == failure::none);
}

answer show_count(const command& of, uint64_t backends) {
  return show(of, {fact_list{{{of.what == verb::pause ? "paused" : "resumed",
                               of.what == verb::pause ? "paused" : "resumed", count(backends)}}}});
}

} // namespace pgstatsmon
