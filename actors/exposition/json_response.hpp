// Answers of the API.
#pragma once

#include "actors/console/report.hpp"
#include "actors/exposition/respond.hpp"

#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace pgstatsmon {

/// A report as JSON.
inline http_response json_response(const report& x, unsigned status = 200) {
  http_response result;
  result.status = status;
  result.type = "application/json";
  result.body = to_json_text(x);
  return result;
}

/// An object of texts: names and values in turn.
template <class... Texts>
http_response json_object(Texts&&... texts) {
  fact_list facts;
  const std::array<std::string_view, sizeof...(Texts)> all{texts...};
  for (size_t i = 0; i + 1 < all.size(); i += 2)
    facts.facts.push_back({std::string{all[i]}, std::string{all[i]}, words(all[i + 1])});
  return json_response({std::move(facts)});
}

/// An object with `error`.
inline http_response json_error(unsigned status, std::string_view sentence) {
  auto result = json_object("error", sentence);
  result.status = status;
  return result;
}

} // namespace pgstatsmon
