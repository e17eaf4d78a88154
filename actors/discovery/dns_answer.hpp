// What the DNS said about each name becomes one answer: a name that fails costs itself. Pure.
#pragma once

#include "actors/discovery/answer.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace pgstatsmon {

/// What asking for the records of one type of one name came to.
struct dns_lookup {
  enum class outcome : uint8_t {
    answered, ///< There are records.
    gone,     ///< The DNS says that there are none.
    failed,   ///< Nobody can say now.
  };

  std::string name;
  std::string type; ///< `SRV`, `A` or `AAAA`.
  outcome came_to = outcome::failed;
  std::vector<found_backend> found; ///< Of the records, those that can be a backend.
  std::vector<rejection> rejected;  ///< The others.
  source_problem problem;           ///< Why it failed.
  bool unreachable = false;         ///< Because there was no connection to a name server.
};

/// The last good answers, by name and type.
using dns_memory = std::map<std::pair<std::string, std::string>, std::vector<found_backend>>;

/// Puts lookups together, in the order of names and ports, no backend twice.
///
/// A name that is gone is rejected, as its records are where one can't be a backend. Where a lookup
/// failed its last good answer counts, if there is one, and the failure stands among the rejected;
/// only when all failed that is a problem of the source.
/// @param last Follows what was answered.
source_answer answer_of(const std::vector<dns_lookup>& lookups, dns_memory& last);

} // namespace pgstatsmon
