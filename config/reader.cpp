// Walks a document by the options that are asked for.
#include "config/reader.hpp"

#include "config/text.hpp"

#include <array>
#include <map>

namespace pgstatsmon {

namespace {

using kind = document_node::kind;

// More would only hide the first ones.
constexpr size_t max_faults = 1000;

// Of a value that a fault repeats.
constexpr size_t max_shown = 32;

/// `{{X}}`, which to YAML is an object whose key is an object.
bool is_template(const document_node& x) {
  return x.type == kind::object && x.entries.size() == 1
         && x.entries.front().first->type == kind::object;
}

bool is_plain(std::string_view key) {
  auto word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'
           || c == '-';
  };
  return !key.empty() && key.size() <= 64 && std::ranges::all_of(key, word);
}

/// A key as part of a path: always one line, never long.
std::string shown(std::string_view key) {
  if (is_plain(key))
    return std::string{key};
  auto cut = key.size() > 64;
  return '"' + one_line(key.substr(0, 64)) + (cut ? "...\"" : "\"");
}

std::string join(const std::string& path, std::string_view key) {
  return path.empty() ? shown(key) : path + '.' + shown(key);
}

/// What people call options, because other programs do.
constexpr std::array<std::pair<std::string_view, std::string_view>, 26> other_words{{
  {"host", "ip"},
  {"hostname", "ip"},
  {"hostaddr", "ip"},
  {"address", "ip"},
  {"addr", "ip"},
  {"server", "ip"},
  {"listen", "ip"},
  {"bind", "ip"},
  {"dbname", "database"},
  {"db", "database"},
  {"datname", "database"},
  {"username", "user"},
  {"login", "user"},
  {"password", "password_file"},
  {"passwd", "password_file"},
  {"passfile", "password_file"},
  {"pgpass", "password_file"},
  {"basic_auth", "basic_auth_file"},
  {"path", "route"},
  {"file", "path"},
  {"filename", "path"},
  {"metadata", "labels"},
  {"labels", "metadata"},
  {"sslmode", "parameters"},
  {"scrape_interval", "interval"},
  {"backends", "dbs"},
}};

/// The known key that is called `key` elsewhere; empty when there is none.
std::string_view meant_by(std::string_view key, const std::vector<std::string_view>& known) {
  for (auto [word, option] : other_words)
    if (word == key && std::ranges::find(known, option) != known.end())
      return option;
  return {};
}

bool is_secret(std::string_view key) {
  return key == "password" || key == "passwd" || key == "secret";
}

/// Where a value is shown to be. The parser places what is left out at the next thing that it sees.
const document_node* place_of(const document_node& key, const document_node& node) {
  return node.type == kind::null ? &key : &node;
}

/// Calls f(key, node, value) for entries with a key that is a word and was not there before.
template <class F>
void each_unique(const value& self, F f) {
  std::map<std::string_view, const document_node*> seen;
  for (const auto& [key, node] : self.node().entries) {
    if (key->type == kind::list || key->type == kind::object || key->type == kind::null) {
      value{self.run(), key.get(), self.path(), key.get()}.complain(
        "a key is " + std::string{to_string_view(key->type)} + ", expected a string");
      continue;
    }
    value at{self.run(), key.get(), join(self.path(), key->text), key.get()};
    if (auto [first, fresh] = seen.emplace(key->text, key.get()); !fresh)
      at.complain("is given twice, first on line " + std::to_string(first->second->line));
    else
      f(at, node);
  }
}

} // namespace

fault value::place(std::string what) const {
  if (place_ == nullptr)
    return {0, 0, path_, std::move(what)};
  return {place_->line, place_->column, path_, std::move(what)};
}

void value::complain(std::string what) const {
  if (!to_->describing && to_->faults.size() < max_faults)
    to_->faults.push_back(place(std::move(what)));
}

void value::warn(std::string what) const {
  if (!to_->describing && to_->warnings.size() < max_faults)
    to_->warnings.push_back(place(std::move(what)));
}

std::string value::as_written() const {
  return one_line(node_->text.substr(0, max_shown));
}

void value::complain_type(std::string_view expected) const {
  if (node_->type == kind::null)
    complain("has no value, expected " + std::string{expected});
  else if (is_template(*node_))
    complain("is {{...}}, a template that nobody has filled in, expected " + std::string{expected});
  else
    complain("is " + std::string{to_string_view(node_->type)} + ", expected "
             + std::string{expected});
}

void value::describe() const {
  if (to_->describing)
    to_->options.push_back(path_);
}

void value::each(const std::function<void(const value&)>& f) const {
  if (to_->describing)
    return f({*to_, nullptr, path_ + "[]", nullptr});
  if (!given() || node_->type == kind::null)
    return;
  if (node_->type != kind::list)
    return complain_type("a list");
  for (size_t i = 0; i < node_->items.size(); ++i) {
    const auto* item = node_->items[i].get();
    f({*to_, item, path_ + '[' + std::to_string(i) + ']', item});
  }
}

void value::each_or_one(const std::function<void(const value&)>& f) const {
  if (given() && node_->type == kind::object)
    f(*this);
  else if (given() && node_->type != kind::list && node_->type != kind::null)
    complain_type("an object or a list of objects");
  else
    each(f);
}

void value::each_entry(const std::function<void(std::string_view, const value&)>& f,
                       std::string_view any) const {
  if (to_->describing)
    return f(any, {*to_, nullptr, path_ + '.' + std::string{any}, nullptr});
  if (!given() || node_->type == kind::null)
    return;
  if (node_->type != kind::object)
    return complain_type("an object");
  each_unique(*this, [&](const value& key, const document_ptr& node) {
    f(key.node().text, {*to_, node.get(), key.path(), place_of(key.node(), *node)});
  });
}

fields::fields(const value& x) : self_{x} {
  if (x.given() && x.node().type != kind::object && x.node().type != kind::null)
    x.complain_type("an object");
}

fields::~fields() {
  if (!self_.given() || self_.node().type != kind::object)
    return;
  each_unique(self_, [&](const value& key, const document_ptr&) {
    if (std::ranges::find(known_, key.node().text) == known_.end())
      key.complain(advice(key.node().text));
  });
}

value fields::get(std::string_view key, std::string_view alias) {
  if (std::ranges::find(known_, key) == known_.end())
    known_.push_back(key);
  if (!alias.empty())
    known_.push_back(alias);
  const document_node* place = self_.given() ? &self_.node() : nullptr;
  auto absent = value{self_.run(), nullptr, join(self_.path(), key), place};
  if (place == nullptr)
    return absent;
  for (const auto& [name, node] : place->entries) {
    auto spelt = name->text == key || (!alias.empty() && name->text == alias);
    if (spelt && name->type != kind::list && name->type != kind::object)
      return {self_.run(), node.get(), join(self_.path(), name->text), place_of(*name, *node)};
  }
  return absent;
}

std::string fields::advice(const std::string& key) const {
  auto meant = meant_by(key, known_);
  if (is_secret(key) && meant.empty())
    return "unknown key, and no secret belongs into this file";
  if (is_secret(key))
    return "unknown key, no secret belongs into this file: expected '" + std::string{meant}
           + "', which names a file that has it";
  if (meant.empty())
    meant = nearest(key, known_);
  if (!meant.empty())
    return "unknown key, did you mean '" + std::string{meant} + "'?";
  auto suffix = '.' + key;
  for (const auto& option : self_.run().known) {
    if (option == key)
      return "unknown key here, it belongs to the top level";
    if (option.ends_with(suffix))
      return "unknown key here, it belongs to '" + option + "'";
  }
  std::string list;
  for (auto x : known_)
    list += (list.empty() ? "" : ", ") + std::string{x};
  return "unknown key, expected one of " + list;
}

} // namespace pgstatsmon
