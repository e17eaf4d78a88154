// The edge of yaml-cpp: its events become nodes, its exceptions faults.
#include "config/document.hpp"

#include "config/text.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <charconv>
#include <cmath>
#include <map>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace pgstatsmon {

namespace {

using kind = document_node::kind;

constexpr size_t max_bytes = 16ULL << 20;
constexpr size_t max_depth = 64;
constexpr size_t max_weight = 1'000'000;

bool is_number(std::string_view x) {
  if (x.starts_with('+'))
    x.remove_prefix(1);
  double value = 0;
  auto [end, error] = std::from_chars(x.data(), x.data() + x.size(), value);
  // from_chars knows "inf" and "nan"; 1e999 is a number, though out of every range.
  auto numeric =
    error == std::errc{} ? std::isfinite(value) : error == std::errc::result_out_of_range;
  return numeric && end == x.data() + x.size();
}

kind kind_of(const std::string& tag, const std::string& text) {
  if (tag != "?")
    return kind::string;
  if (text == "true" || text == "false" || text == "True" || text == "False")
    return kind::boolean;
  return is_number(text) ? kind::number : kind::string;
}

/// Builds the tree from the parser's events.
class builder : public YAML::EventHandler {
public:
  document_ptr root;

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    place(make(mark, kind::null), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    auto i = anchors_.find(anchor);
    if (i == anchors_.end())
      throw YAML::ParserException(mark, "an alias of what it stands in");
    place(i->second, YAML::NullAnchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    auto node = make(mark, kind_of(tag, text));
    node->text = text;
    place(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, kind::list, anchor);
  }

  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, kind::object, anchor);
  }

  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

private:
  struct frame {
    std::shared_ptr<document_node> node;
    YAML::anchor_t anchor;
    document_ptr key; // of an object: waits for its value
  };

  static std::shared_ptr<document_node> make(const YAML::Mark& mark, kind type) {
    auto result = std::make_shared<document_node>();
    result->type = type;
    result->line = static_cast<size_t>(mark.line) + 1;
    result->column = static_cast<size_t>(mark.column) + 1;
    return result;
  }

  void open(const YAML::Mark& mark, kind type, YAML::anchor_t anchor) {
    if (stack_.size() == max_depth)
      throw YAML::ParserException(mark, "deeper than 64 levels");
    stack_.push_back({make(mark, type), anchor, nullptr});
  }

  void close() {
    auto last = std::move(stack_.back());
    stack_.pop_back();
    place(std::move(last.node), last.anchor);
  }

  void place(document_ptr node, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor)
      anchors_[anchor] = node;
    if (stack_.empty()) {
      root = std::move(node);
      return;
    }
    auto& parent = stack_.back();
    parent.node->weight += node->weight;
    if (parent.node->weight > max_weight)
      throw std::length_error{"more than a million values"};
    if (parent.node->type == kind::list)
      parent.node->items.push_back(std::move(node));
    else if (parent.key == nullptr)
      parent.key = std::move(node);
    else
      parent.node->entries.emplace_back(std::exchange(parent.key, nullptr), std::move(node));
  }

  std::vector<frame> stack_;
  std::map<YAML::anchor_t, document_ptr> anchors_;
};

parsed_document refuse(std::string what, size_t line = 0, size_t column = 0) {
  return {nullptr, {line, column, {}, std::move(what)}};
}

} // namespace

std::string_view to_string_view(kind x) noexcept {
  switch (x) {
  case kind::null: return "nothing";
  case kind::boolean: return "a boolean";
  case kind::number: return "a number";
  case kind::string: return "a string";
  case kind::list: return "a list";
  case kind::object: return "an object";
  }
  return "unknown";
}

parsed_document parse_document(std::string_view text) {
  if (text.size() > max_bytes)
    return refuse("is longer than 16 MiB");
  try {
    std::istringstream in{std::string{text}};
    YAML::Parser parser{in};
    builder first;
    builder second;
    if (!parser.HandleNextDocument(first) || first.root == nullptr)
      return refuse("is empty");
    if (parser.HandleNextDocument(second) && second.root != nullptr)
      return refuse("a second document, expected one", second.root->line, second.root->column);
    return {std::move(first.root), {}};
  } catch (const YAML::Exception& e) {
    // The message may quote the document.
    auto what = "is neither YAML nor JSON: " + one_line(e.msg);
    if (e.mark.is_null())
      return refuse(std::move(what));
    return refuse(std::move(what), static_cast<size_t>(e.mark.line) + 1,
                  static_cast<size_t>(e.mark.column) + 1);
  } catch (const std::exception& e) {
    return refuse(one_line(e.what()));
  }
}

} // namespace pgstatsmon
