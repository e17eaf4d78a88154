// A text is kept as one more label.
#include "actors/registry/row_texts.hpp"

#include "actors/registry/decode.hpp"
#include "actors/registry/escape.hpp"

#include <utility>

namespace pgstatsmon {

section_ptr take_texts(const query_definition& query, const PGresult& rows) {
  query_definition with_text;
  with_text.labels = query.labels;
  with_text.labels.emplace_back("text");
  decode_report ignored;
  return std::make_shared<const section>(
    decode(with_text, {}, map_columns(with_text, rows), rows, ignored));
}

std::map<std::string, std::string> texts_by_labels(const section* from) {
  std::map<std::string, std::string> result;
  for (size_t row = 0; from != nullptr && row < from->rows(); ++row) {
    auto labels = parse_labels(from->labels(row));
    auto text = std::move(labels.back().second);
    labels.pop_back();
    result.emplace(render_labels(labels), std::move(text));
  }
  return result;
}

} // namespace pgstatsmon
