// The console's verbs: their arguments and their help, in one list.
#pragma once

#include "actors/console/command.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace pgstatsmon {

/// What may stand behind a verb.
enum class argument : uint8_t {
  nothing,
  maybe_verb,
  number, ///< An actor's.
  backend,
  backend_or_all, ///< A backend, or `--all`.
  log_level,
};

/// A verb as people write it.
struct verb_definition {
  std::string_view name;
  verb what;
  argument takes;
  std::string_view usage; ///< What stands behind the name.
  std::string_view help;
};

/// What stands in front of a command that is to be repeated.
inline constexpr std::string_view watch_word = "watch";

/// Those for people, in the order in which help shows them.
std::span<const verb_definition> public_verbs() noexcept;

/// A verb by its name, those for programs too; null when there is none.
const verb_definition* find_verb(std::string_view name) noexcept;

/// Whether an answer can be asked for again and again.
bool may_be_watched(verb x) noexcept;

/// The words of a line; ec::bad_command when a quote is not closed.
caf::expected<std::vector<std::string>> split_words(std::string_view line);

} // namespace pgstatsmon
