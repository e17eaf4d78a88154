// A YAML or JSON document as a tree that knows where everything stands.
#pragma once

#include "config/fault.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgstatsmon {

struct document_node;
using document_ptr = std::shared_ptr<const document_node>;

/// A value of a document. Immutable; anchors make several places share one node.
struct document_node {
  enum class kind : uint8_t { null, boolean, number, string, list, object };
  kind type = kind::null;
  size_t line = 1;   ///< From 1.
  size_t column = 1; ///< From 1, in bytes.
  std::string text;  ///< Of a boolean, number or string, as it stands there; unescaped.
  std::vector<document_ptr> items;                            ///< Of a list.
  std::vector<std::pair<document_ptr, document_ptr>> entries; ///< Of an object, duplicates too.
  size_t weight = 1; ///< Nodes in this tree, shared ones as often as they are seen.
};

/// What a value is, for a sentence: "a string", "nothing".
std::string_view to_string_view(document_node::kind x) noexcept;

/// A document, or the fault that keeps it from being one.
struct parsed_document {
  document_ptr root; ///< Null when there is a fault.
  fault problem;
};

/// Parses one document. JSON is YAML; tabs may indent it. Text is bounded to 16 MiB, depth to 64,
/// and the tree with all aliases written out to a million nodes. Never throws.
parsed_document parse_document(std::string_view text);

} // namespace pgstatsmon
