// Blanks in the SQL of definitions: `{WORD ARGUMENT}`.
#pragma once

#include <string>
#include <string_view>

namespace pgstatsmon {

/// The SQL with `value(argument)` in place of each blank of that word. A blank that does not end is
/// left as it is, and so is everything else in braces.
/// @param opening `{WORD `, with the blank behind it.
template <class Value>
std::string fill_blanks(std::string_view sql, std::string_view opening, Value value) {
  std::string result;
  for (;;) {
    auto at = sql.find(opening);
    auto end = at == std::string_view::npos ? at : sql.find('}', at);
    if (end == std::string_view::npos)
      return result.append(sql);
    result.append(sql.substr(0, at));
    result.append(value(sql.substr(at + opening.size(), end - at - opening.size())));
    sql.remove_prefix(end + 1);
  }
}

} // namespace pgstatsmon
