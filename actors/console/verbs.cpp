// The verbs and the words of a line.
#include "actors/console/verbs.hpp"

#include "messages/error.hpp"

#include <algorithm>
#include <array>

namespace pgstatsmon {

namespace {

constexpr std::string_view selecting = "[--filter LABEL=VALUE]... [--sort COLUMN]";

// In the order in which help shows them.
constexpr std::array verbs{
  verb_definition{"top", verb::top, argument::nothing, selecting,
                  "the night's screen: worst backends first"},
  verb_definition{"backends", verb::backends, argument::nothing, selecting,
                  "every backend, or those with a label, a role, a state; by name, or by a column"},
  verb_definition{"backend", verb::backend, argument::backend, "NAME [--sql]",
                  "one backend: states, plan, last poll as a timeline, last errors"},
  verb_definition{"plan", verb::plan_of, argument::backend, "NAME [--sql]",
                  "every query of one backend: asked how often, or why not"},
  verb_definition{
    "statements", verb::statements, argument::backend, "NAME [--sql]",
    "what takes one backend's time: its statements with their texts, the dearest first"},
  verb_definition{"locks", verb::locks, argument::backend, "NAME",
                  "who waits for whom on one backend, now; and who holds back what"},
  verb_definition{"clusters", verb::clusters, argument::nothing, "",
                  "every cluster: who follows whom, and how far behind"},
  verb_definition{"cluster", verb::cluster, argument::nothing, "",
                  "the daemons that share this fleet: members, slots, moves, leases, doubts"},
  verb_definition{"queries", verb::queries, argument::nothing, "",
                  "every query over the fleet: times, rows, errors, share of a poll"},
  verb_definition{"scheduler", verb::scheduler, argument::nothing, "",
                  "what is in flight, what waits, the last ticks"},
  verb_definition{"discovery", verb::discovery, argument::nothing, "",
                  "the sources, and what they offer that is not watched"},
  verb_definition{"actors", verb::actors, argument::nothing, "[--tree]",
                  "every live actor; --tree: who spawned whom"},
  verb_definition{"actor", verb::actor, argument::number, "ID", "one actor with its last messages"},
  verb_definition{"poll", verb::poll, argument::backend, "NAME",
                  "poll a backend now and show the result"},
  verb_definition{"pause", verb::pause, argument::backend_or_all, "NAME|--all [FOR] [--disconnect]",
                  "stop polling, for instance for 10m; connections stay, or are closed until then"},
  verb_definition{"resume", verb::resume, argument::backend_or_all, "NAME|--all",
                  "poll again, each at its next turn"},
  verb_definition{"log", verb::log, argument::log_level, "[LEVEL [--backend NAME]]",
                  "change the log level, of one backend or of all; until the next reload"},
  verb_definition{"backendstat", verb::backendstat, argument::nothing, "",
                  "per backend since the last look: latency, timeouts, errors"},
  verb_definition{"querystat", verb::querystat, argument::nothing, "", "the same per query"},
  verb_definition{"walstat", verb::walstat, argument::nothing, "",
                  "per replica since the last look: bytes sent, written, flushed, replayed"},
  verb_definition{"help", verb::help, argument::maybe_verb, "[COMMAND]", "this"},
  verb_definition{"quit", verb::quit, argument::nothing, "", "leave"},
};

// Not for people, so not in the help.
constexpr std::array hidden_verbs{
  verb_definition{"frames", verb::frames, argument::nothing, "", ""},
  verb_definition{"complete", verb::complete, argument::nothing, "", ""},
};

} // namespace

std::span<const verb_definition> public_verbs() noexcept {
  return verbs;
}

const verb_definition* find_verb(std::string_view name) noexcept {
  if (name == "?")
    name = "help";
  auto has_name = [&](const verb_definition& x) { return x.name == name; };
  if (const auto* i = std::ranges::find_if(verbs, has_name); i != verbs.end())
    return i;
  const auto* i = std::ranges::find_if(hidden_verbs, has_name);
  return i == hidden_verbs.end() ? nullptr : i;
}

bool may_be_watched(verb x) noexcept {
  return x != verb::help && x != verb::quit && x != verb::pause && x != verb::resume
         && x != verb::log && x != verb::frames && x != verb::complete;
}

caf::expected<std::vector<std::string>> split_words(std::string_view line) {
  std::vector<std::string> result;
  for (size_t i = 0; i < line.size();) {
    if (line[i] == ' ' || line[i] == '\t') {
      ++i;
      continue;
    }
    auto quoted = line[i] == '"';
    auto begin = quoted ? i + 1 : i;
    auto end = line.find_first_of(quoted ? "\"" : " \t", begin);
    if (quoted && end == std::string_view::npos)
      return caf::make_error(ec::bad_command, std::string{"a \" is missing"});
    end = std::min(end, line.size());
    result.emplace_back(line.substr(begin, end - begin));
    i = end + (quoted ? 1 : 0);
  }
  return result;
}

} // namespace pgstatsmon
