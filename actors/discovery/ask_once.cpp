// Asks one source once, without an actor.
#include "actors/discovery/ask_once.hpp"

#include "actors/discovery/sources.hpp"

namespace pgstatsmon {

source_outcome ask_once(const source_spec& x) {
  source_outcome result;
  result.source = x.name;
  auto answer = question_of(x)(std::stop_token{});
  if (auto* found = std::get_if<found_list>(&answer)) {
    result.backends = to_backends(found->backends, x.defaults, found->rejected);
    result.rejected = std::move(found->rejected);
  } else {
    result.problem = std::get<source_problem>(answer);
  }
  return result;
}

} // namespace pgstatsmon
