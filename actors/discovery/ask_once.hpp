// Asks one source once, without an actor.
#pragma once

#include "actors/discovery/answer.hpp"
#include "actors/discovery/source_spec.hpp"

#include <optional>
#include <string>
#include <vector>

namespace pgstatsmon {

/// What a source comes to when it is asked once.
struct source_outcome {
  std::string source;
  backend_list backends; ///< Under the names that the source gives them.
  std::vector<rejection> rejected{};
  std::optional<source_problem> problem{}; ///< It gave no list.
};

/// Asks a source, at most as long as its own limits allow. Believes its list. Blocks.
source_outcome ask_once(const source_spec& x);

} // namespace pgstatsmon
