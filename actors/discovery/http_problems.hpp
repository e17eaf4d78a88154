// What an HTTP request that gave no list means for a source. Pure.
#pragma once

#include "actors/discovery/answer.hpp"
#include "actors/http/http_message.hpp"

#include <optional>

namespace pgstatsmon {

/// A request without an answer.
source_problem problem_of(http_problem x);

/// What is wrong with an answer's status; nothing when it is 200. The sentence has what the body
/// says of it, where it is an error as VMAPI writes them.
std::optional<source_problem> status_problem(const http_reply& x);

} // namespace pgstatsmon
