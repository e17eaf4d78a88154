// One function a verb, and the table that leads to them.
#include "actors/console/answers.hpp"

#include "actors/console/fit.hpp"
#include "actors/console/verbs.hpp"
#include "config/log.hpp"
#include "config/text.hpp"
#include "messages/error.hpp"

#include <fmt/format.h>

#include <charconv>

namespace pgstatsmon {

namespace {

/// Backends that `top` shows: a screen of them.
constexpr size_t top_rows = 20;

/// Of a terminal that nobody has made wider, for what is made for a screen.
constexpr uint16_t screen_width = 80;

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

/// The commands as a table, for programs.
report verbs_report(std::string_view of) {
  table all{{}, "commands", {{"command", "command"}, {"usage", "usage"}, {"help", "help"}}};
  for (const auto& x : public_verbs())
    if (of.empty() || x.name == of)
      all.rows.push_back({words(x.name), words(x.usage), words(x.help)});
  return {std::move(all)};
}

answer help(const command& x) {
  auto text = help_text(x.name);
  if (text.empty())
    return show(x, caf::make_error(ec::bad_command,
                                   fmt::format("no command is called '{}'", one_line(x.name))));
  if (x.json)
    return show(x, verbs_report(x.name));
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
  auto result = backend_report(*found, *from.fleet->get(), look_time::now(), x.sql);
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
    say(spdlog::level::warn, log_event::log_level_set, "the log level is {} by order",
        log_level_name(*level));
    return show(x, levels(*all));
  }
  auto found = find_backend(*all, x.backend);
  if (found == nullptr)
    return show(x, no_backend(*all, x.backend));
  found->metrics->log_level = level ? static_cast<int>(*level) : no_own_level;
  say(spdlog::level::warn, {.event = log_event::log_level_set, .backend = found->value.name},
      "the log level of backend {} is {} by order", found->value.name, x.name);
  return show(x, levels(*all));
}

/// What there is to say of a poll that was none: why.
fact_list unconnected(std::string_view outcome, const entry_ptr& x) {
  fact_list result{{{"poll", "poll", words(outcome)}}};
  if (x == nullptr)
    return result;
  const auto& m = *x->metrics;
  auto reason = m.last_failure.load(std::memory_order_relaxed);
  result.facts.push_back(
    {"state", "state", words(to_string_view(m.state.load(std::memory_order_relaxed)))});
  result.facts.push_back(
    {"failure", "failure", reason == failure::none ? none() : words(to_string_view(reason))});
  if (auto errors = m.history.errors(); !errors->empty())
    result.facts.push_back({"because", "error", words(errors->front().message)});
  return result;
}

/// `backends` and `top`.
answer list(const command& x, const entry_list& all, const console_sources& from,
            const look_time& now) {
  auto by = x.which;
  if (by.sort.empty() && x.what == verb::backends)
    by.sort = "backend";
  auto fleet = from.fleet->get();
  auto which = selected(all, by, *fleet, now);
  if (!which)
    return show(x, which.error());
  if (x.what == verb::backends)
    return x.json ? answer{backends_json(*which, now)} : show(x, backends_report(*which, now));
  auto on_screen = x;
  on_screen.width = x.width > 0 ? x.width : screen_width;
  return show(on_screen,
              top_report(*which, *fleet, *from.pulse, now, top_rows, !x.which.sort.empty()));
}

answer complete(const command& x, const console_sources& from) {
  std::vector<std::string> names;
  auto all = from.backends->get();
  for (const auto& y : *all)
    names.push_back(y->value.name);
  std::string text;
  for (const auto& y : completions(x.name, names, filter_words(*all)))
    text += y + '\n';
  return {std::move(text)};
}

} // namespace

answer show(const command& of, const report& x, bool good) {
  if (of.json)
    return {to_json_text(x), good};
  return {of.width > 0 ? to_text(fitted(x, of.width)) : to_text(x), good};
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
  case verb::top: return list(x, *backends, from, now);
  case verb::backend:
  case verb::plan_of:
  case verb::statements: return one_backend(x, from);
  case verb::queries: return show(x, queries_report(*backends, *from.queries()));
  case verb::log: return change_log(x, from);
  case verb::clusters:
    return show(x, x.json ? clusters_list(*from.fleet->get())
                          : clusters_report(*from.fleet->get(), now));
  case verb::cluster:
    if (from.sharing == nullptr)
      return show(x, caf::make_error(ec::bad_command,
                                     std::string{"this daemon shares its fleet with nobody"}));
    return show(x, cluster_report(*from.sharing->status(), now));
  case verb::backendstat: return show(x, stats.backends(*backends));
  case verb::querystat: return show(x, stats.queries(*backends, *from.queries()));
  case verb::walstat: return show(x, stats.wal(*backends));
  case verb::complete: return complete(x, from);
  case verb::frames:
  case verb::quit: return answer{};
  case verb::scheduler:
  case verb::discovery:
  case verb::locks:
  case verb::poll:
  case verb::pause:
  case verb::resume: return std::nullopt;
  }
  return std::nullopt;
}

std::string_view outcome_of(const poll_report& x) {
  if (!x.polled)
    return "not polled, as it is not connected";
  return x.reason == failure::none ? "ok" : to_string_view(x.reason);
}

answer show_poll(const command& of, const poll_report& x, const console_sources& from) {
  auto outcome = outcome_of(x);
  auto all = from.backends->get();
  auto found = find_backend(*all, of.name);
  // Programs know where to look; people want to know why.
  if (!x.polled && !of.json)
    return show(of, {unconnected(outcome, found)}, false);
  report result{fact_list{{{"poll", "poll", words(outcome)},
                           {"took", "poll_seconds", x.polled ? span(x.duration) : none()},
                           {"rows", "poll_rows", count(x.rows)}}}};
  if (found)
    for (auto& part : backend_report(*found, *from.fleet->get(), look_time::now(), of.sql))
      result.push_back(std::move(part));
  if (!of.json)
    leave_out_what_is_not_asked(result);
  return show(of, result, x.polled && x.reason == failure::none);
}

void want_look(const command& of, const console_sources& from) {
  if (auto found = find_backend(*from.backends->get(), of.name))
    found->metrics->look_order.want(look_time::now().unix_seconds);
}

answer show_locks(const command& of, const poll_report& x, const console_sources& from) {
  auto all = from.backends->get();
  auto found = find_backend(*all, of.name);
  if (found == nullptr)
    return show(of, no_backend(*all, of.name));
  if (!x.polled)
    return show(of, caf::make_error(ec::timeout, std::string{"it is not connected"}));
  return show(of, locks_report(*found, look_time::now()));
}

answer show_count(const command& of, uint64_t backends) {
  return show(of, {fact_list{{{of.what == verb::pause ? "paused" : "resumed",
                               of.what == verb::pause ? "paused" : "resumed", count(backends)}}}});
}

} // namespace pgstatsmon
