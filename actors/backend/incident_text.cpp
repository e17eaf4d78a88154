// JSON by nlohmann, sentences by fmt.
#include "actors/backend/incident_text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

namespace pgstatsmon {

namespace {

using nlohmann::ordered_json;

/// The members of an object, with a comma before each.
std::string members(const ordered_json& x) {
  auto text = x.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return text.size() <= 2 ? std::string{} : ',' + text.substr(1, text.size() - 2);
}

/// Tenths of a second are enough.
double rounded(double seconds) {
  return std::round(seconds * 10) / 10;
}

ordered_json tree_of(const std::vector<lock_line>& lines) {
  auto result = ordered_json::array();
  for (size_t i = 0; i < std::min(lines.size(), max_tree_lines); ++i) {
    const auto& x = *lines[i].session;
    ordered_json line{{"pid", x.pid}, {"depth", lines[i].depth}, {"behind", lines[i].behind}};
    auto add = [&](const char* name, const std::string& text) {
      if (!text.empty())
        line[name] = text;
    };
    if (!x.blockers.empty())
      line["waits_seconds"] = rounded(x.waits);
    if (x.transaction >= 0)
      line["transaction_seconds"] = rounded(x.transaction);
    add("lock", x.lock);
    add("state", x.state);
    add("role", x.role);
    add("database", x.database);
    add("application", x.application);
    add("client", x.client);
    add("statement", x.statement);
    result.push_back(std::move(line));
  }
  return result;
}

std::string name_of(const lock_session& x) {
  return x.pid == 0 ? "a prepared transaction" : fmt::format("pid {}", x.pid);
}

incident_text blocking_of(const incident& x, const look_answers& seen) {
  auto lines = lock_tree(seen.locks);
  auto waiting =
    std::ranges::count_if(seen.locks, [](const auto& y) { return !y.blockers.empty(); });
  size_t depth = 0;
  for (const auto& line : lines)
    depth = std::max(depth, line.depth);
  ordered_json all{{"waiting", waiting}, {"depth", depth}, {"longest_seconds", rounded(x.lasted)}};
  all["tree"] = tree_of(lines);
  auto first = lines.empty() ? std::string{"somebody"} : name_of(*lines.front().session);
  auto sentence =
    waiting == 1
      ? fmt::format("1 session waits for a lock, for {:.0f} s, behind {}", x.lasted, first)
      : fmt::format("{} sessions wait for locks, for {:.0f} s the longest, behind {}", waiting,
                    x.lasted, first);
  return {log_event::blocking, std::move(sentence), members(all)};
}

incident_text transaction_of(const incident& x, const holder* who) {
  ordered_json all{{"seconds", rounded(x.lasted)}};
  std::string words;
  auto add = [&](const char* name, const std::string& text) {
    if (text.empty())
      return;
    all[name] = text;
    words += fmt::format(", {} {}", name, text);
  };
  if (who != nullptr) {
    all["pid"] = std::atoll(who->who.c_str());
    words = ": pid " + who->who;
    add("state", who->state);
    add("role", who->role);
    add("database", who->database);
    add("application", who->application);
    add("statement", who->statement);
  }
  return {log_event::long_transaction,
          fmt::format("a transaction is open for {:.0f} s{}", x.lasted, words), members(all)};
}

} // namespace

incident_text describe(const incident& x, const look_answers* seen) {
  auto blocking = x.what == incident::kind::blocking;
  if (!x.over && seen != nullptr)
    return blocking ? blocking_of(x, *seen) : transaction_of(x, longest_transaction(*seen));
  const auto* words = blocking ? "no session waits for a lock for long any more"
                               : "the transaction that was open for long is over";
  return {blocking ? log_event::blocking_over : log_event::long_transaction_over,
          fmt::format("{}, after {:.0f} s", words, x.lasted),
          members({{"seconds", rounded(x.lasted)}})};
}

incident_text describe(const setting_change& x) {
  auto details = members({{"setting", x.name}});
  if (x.pending)
    return {log_event::setting_pending,
            fmt::format("setting {} was changed and waits for a restart{}", x.name,
                        x.hidden ? std::string{} : fmt::format(", it still is '{}'", x.from)),
            std::move(details)};
  return {log_event::setting_changed,
          x.hidden ? fmt::format("setting {} has changed", x.name)
                   : fmt::format("setting {} is '{}', was '{}'", x.name, x.to, x.from),
          std::move(details)};
}

} // namespace pgstatsmon
