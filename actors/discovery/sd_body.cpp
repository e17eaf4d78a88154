// Reads a list of backends as files and http_sd servers give it.
#include "actors/discovery/sd_body.hpp"

#include "actors/discovery/target.hpp"
#include "config/labels.hpp"
#include "config/reader.hpp"
#include "config/socket_directory.hpp"
#include "config/values.hpp"

#include <fmt/format.h>

#include <optional>

namespace pgstatsmon {

namespace {

using kind = document_node::kind;

/// Where something stands, for a rejection: those have no faults of their own.
std::string at(const value& x, std::string_view what) {
  return fmt::format("line {}, column {}: {}", x.node().line, x.node().column, what);
}

/// What the labels of a group come to.
struct group_labels {
  found_backend model;
  std::string fault; ///< Empty: none.
};

/// The member of a backend that a label stands for, or null.
std::string* member_of(found_backend& x, std::string_view label) {
  if (label == "name")
    return &x.name;
  if (label == "__role__")
    return &x.role;
  if (label == "__database__")
    return &x.database;
  if (label == "__user__")
    return &x.user;
  return nullptr;
}

void read_label(std::string_view name, const value& x, group_labels& to) {
  if (name == "__kind__") {
    to.model.kind = parse_kind(x);
    return;
  }
  auto text = parse_any_text(x);
  if (!text)
    return;
  auto fault = label_name_fault(name, labelled::backends);
  if (auto* member = member_of(to.model, name))
    *member = std::move(*text);
  else if (name.starts_with("__"))
    return;
  else if (fault.empty())
    to.model.labels.emplace_back(name, std::move(*text));
  else
    to.fault = at(x, fmt::format("the label '{}' {}", name, fault));
}

void read_target(const value& x, const group_labels& group, found_list& to) {
  auto text = parse_word(x);
  if (!text)
    return;
  if (!group.fault.empty()) {
    to.rejected.push_back({*text, reject_reason::label, group.fault});
    return;
  }
  auto where = parse_target(*text);
  if (!where) {
    to.rejected.push_back({*text, reject_reason::address, at(x, "it is no host:port")});
    return;
  }
  auto found = group.model;
  found.address = std::move(where->address);
  found.port = where->port;
  if (found.name.empty())
    found.name = std::move(*text);
  to.backends.push_back(std::move(found));
}

void read_group(fields& f, const value& targets, found_list& to) {
  group_labels group;
  auto read = [&](std::string_view name, const value& x) { read_label(name, x, group); };
  f.get("labels").each_entry(read);
  targets.each([&](const value& x) { read_target(x, group, to); });
}

void read_entry(fields& f, found_list& to) {
  found_backend found;
  f.get("name").require(found.name, "a name", parse_word);
  f.get("ip").require(found.address, "an address or a host name", parse_backend_address);
  f.get("port").read(found.port, integer<uint16_t>(1, 65535));
  f.get("database").read(found.database, parse_word);
  f.get("user").read(found.user, parse_word);
  f.get("role").read(found.role, parse_word);
  f.get("kind").read(found.kind, parse_kind);
  std::string fault;
  f.get("labels").each_entry([&](std::string_view name, const value& x) {
    auto text = parse_any_text(x);
    if (auto what = label_name_fault(name, labelled::backends); !what.empty())
      fault = at(x, fmt::format("the label '{}' {}", name, what));
    else if (text)
      found.labels.emplace_back(name, std::move(*text));
  });
  if (fault.empty())
    to.backends.push_back(std::move(found));
  else
    to.rejected.push_back({std::move(found.name), reject_reason::label, std::move(fault)});
}

void read_item(const value& x, found_list& to) {
  fields f{x};
  if (x.node().type != kind::object)
    return;
  auto targets = f.get("targets");
  if (targets.given())
    read_group(f, targets, to);
  else
    read_entry(f, to);
}

caf::expected<found_list> parse(std::string_view text, const std::string& file) {
  auto document = parse_document(text);
  if (document.root == nullptr)
    return make_error({std::move(document.problem)}, file);
  reading run;
  value root{run, document.root.get(), {}, document.root.get()};
  found_list result;
  // An empty file is most likely one that is being written.
  if (root.node().type != kind::list)
    root.complain_type("a list: of {name, ip}, or of {targets, labels}");
  else
    root.each([&](const value& x) { read_item(x, result); });
  if (!run.faults.empty())
    return make_error(std::move(run.faults), file);
  return result;
}

} // namespace

caf::expected<found_list> parse_backends(std::string_view text, const std::string& file) {
  try {
    return parse(text, file);
  } catch (const std::exception& x) {
    return make_error({fault{.line = 0, .column = 0, .path = {}, .what = x.what()}}, file);
  }
}

} // namespace pgstatsmon
