// Reads the JSON that VMAPI answers with.
#include "actors/discovery/vmapi_body.hpp"

#include "messages/error.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace pgstatsmon {

namespace {

using nlohmann::json;

constexpr size_t max_message = 300;
constexpr int max_depth = 16;
constexpr std::array<std::string_view, 5> wanted_keys{"uuid", "alias", "state", "tags", "nics"};

/// Keeps the keys that matter, so that a page of a thousand VMs costs little.
bool keep(int depth, json::parse_event_t event, const json& value) {
  if (event == json::parse_event_t::key && depth == 2) {
    const auto& key = value.get_ref<const std::string&>();
    return std::find(wanted_keys.begin(), wanted_keys.end(), key) != wanted_keys.end();
  }
  return depth <= max_depth;
}

/// What nlohmann says, without its own prefix and without an end.
std::string sentence(std::string_view what) {
  if (auto end = what.find("] "); what.starts_with('[') && end != std::string_view::npos)
    what.remove_prefix(end + 2);
  return std::string{what.substr(0, max_message)};
}

caf::error failed(std::string what) {
  return caf::make_error(ec::discovery_failed, std::move(what));
}

const json* member(const json& x, const char* key) {
  auto i = x.find(key);
  return i == x.end() ? nullptr : &*i;
}

std::string text(const json& x, const char* key) {
  const auto* value = member(x, key);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string{};
}

vm_nic read_nic(const json& x) {
  vm_nic result;
  result.nic_tag = text(x, "nic_tag");
  result.ip = text(x, "ip");
  const auto* primary = member(x, "primary");
  result.primary = primary != nullptr && primary->is_boolean() && primary->get<bool>();
  return result;
}

vm read_vm(const json& x) {
  vm result;
  result.uuid = text(x, "uuid");
  result.alias = text(x, "alias");
  result.state = text(x, "state");
  if (const auto* tags = member(x, "tags"); tags != nullptr && tags->is_object())
    for (const auto& [key, value] : tags->items()) {
      if (value.is_string())
        result.tags.emplace(key, value.get<std::string>());
      else if (value.is_number() || value.is_boolean())
        result.tags.emplace(key, value.dump());
    }
  if (const auto* nics = member(x, "nics"); nics != nullptr && nics->is_array())
    for (const auto& nic : *nics)
      if (nic.is_object())
        result.nics.push_back(read_nic(nic));
  return result;
}

caf::expected<std::vector<vm>> read_vms(const json& root) {
  if (!root.is_array())
    return failed(fmt::format("the answer is no array but {}", root.type_name()));
  std::vector<vm> result;
  result.reserve(root.size());
  for (const auto& x : root) {
    if (!x.is_object())
      return failed(fmt::format("element {} of the answer is no object", result.size()));
    result.push_back(read_vm(x));
    if (result.back().uuid.empty())
      return failed(fmt::format("element {} of the answer has no uuid", result.size() - 1));
  }
  return result;
}

void append(std::string& to, const std::string& message) {
  if (!message.empty())
    to += (to.empty() ? "" : ": ") + message;
}

} // namespace

caf::expected<std::vector<vm>> parse_vms(std::string_view body) {
  try {
    return read_vms(json::parse(body, keep));
  } catch (const json::exception& x) {
    return failed("the answer is no JSON: " + sentence(x.what()));
  }
}

std::string error_message(std::string_view body) {
  std::string result;
  try {
    auto root = json::parse(body.substr(0, 1 << 16), nullptr, false);
    if (!root.is_object())
      return result;
    append(result, text(root, "message"));
    if (const auto* errors = member(root, "errors"); errors != nullptr && errors->is_array())
      for (const auto& x : *errors)
        if (x.is_object()) {
          append(result, text(x, "field"));
          append(result, text(x, "message"));
        }
  } catch (const json::exception&) {
    result.clear();
  }
  result.resize(std::min(result.size(), max_message));
  return result;
}

} // namespace pgstatsmon
