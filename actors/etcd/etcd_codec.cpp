// JSON as protobuf has it: bytes in base64, 64-bit numbers as text, defaults left out.
#include "actors/etcd/etcd_codec.hpp"

#include "actors/http/json_fields.hpp"
#include "config/base64.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace pgstatsmon {

namespace {

using nlohmann::json;

constexpr size_t max_message = 300;

/// What is no base64 is as good as absent.
std::string bytes(const json& x, const char* key) {
  return from_base64(json_text(x, key)).value_or("");
}

/// A number that is written as one or as text.
template <class T>
T number(const json& x, const char* key) {
  const auto& value = json_field(x, key);
  if (value.is_number_integer())
    return value.get<T>();
  T result = 0;
  if (!value.is_string())
    return result;
  const auto& digits_of = value.get_ref<const std::string&>();
  auto [end, error] =
    std::from_chars(digits_of.data(), digits_of.data() + digits_of.size(), result);
  return error == std::errc{} ? result : 0;
}

std::vector<std::reference_wrapper<const json>> items(const json& x, const char* key) {
  std::vector<std::reference_wrapper<const json>> result;
  if (const auto& list = json_field(x, key); list.is_array())
    for (const auto& item : list)
      result.emplace_back(item);
  return result;
}

etcd_key read_key(const json& x) {
  return {.key = bytes(x, "key"),
          .value = bytes(x, "value"),
          .create_revision = number<int64_t>(x, "create_revision"),
          .mod_revision = number<int64_t>(x, "mod_revision"),
          .lease = number<int64_t>(x, "lease")};
}

json key_and_end(const std::string& prefix) {
  auto first = prefix.empty() ? std::string(1, '\0') : prefix;
  return {{"key", to_base64(first)}, {"range_end", to_base64(prefix_end(prefix))}};
}

json put_of(const std::string& key, const std::string& value, int64_t lease) {
  json result{{"key", to_base64(key)}, {"value", to_base64(value)}};
  if (lease != 0)
    result["lease"] = std::to_string(lease);
  return result;
}

/// Transactions in one, each with its own condition.
std::string transactions(json list) {
  json all = json::array();
  for (auto& x : list)
    all.push_back({{"request_txn", std::move(x)}});
  return json{{"success", std::move(all)}}.dump();
}

bool contains(std::string_view x, std::string_view part) {
  return x.find(part) != std::string_view::npos;
}

/// Whether etcd would take the request from somebody with a new token.
bool wants_token(std::string_view message) {
  return contains(message, "invalid auth token") || contains(message, "auth store is old")
         || contains(message, "user name is empty");
}

/// gRPC's codes, which the gateway hands on.
etcd_error error_of(int64_t code, std::string message) {
  constexpr int64_t unauthenticated = 16, denied = 7, not_found = 5, invalid = 3, precondition = 9,
                    unimplemented = 12, exists = 6, out_of_range = 11;
  message.resize(std::min(message.size(), max_message));
  if (code == unauthenticated || wants_token(message))
    return {{etcd_failure::refused, std::move(message)}, true, false};
  if (code == denied || contains(message, "authentication failed"))
    return {{etcd_failure::refused, std::move(message)}, false, false};
  if (code == not_found)
    return {
      {contains(message, "lease") ? etcd_failure::lost : etcd_failure::broken, std::move(message)},
      false,
      false};
  if (code == invalid || code == precondition || code == unimplemented || code == exists
      || code == out_of_range)
    return {{etcd_failure::broken, std::move(message)}, false, false};
  // No leader, not a primary lessor, too many requests, a deadline: this one can't now.
  return {{etcd_failure::unreachable, std::move(message)}, false, true};
}

/// The first line of an answer that is no JSON, after what else is known of it.
std::string with_words(std::string what, std::string_view body) {
  auto line = body.substr(0, std::min(body.find_first_of("\r\n"), max_message));
  if (line.empty() || line.front() == '<' || line.front() == '{')
    return what;
  return fmt::format("{}: {}", what, line);
}

etcd_error error_of(long status, const json& root, std::string_view body) {
  const auto& nested = json_field(root, "error");
  const auto& from = nested.is_object() ? nested : root;
  auto message = json_text(from, "message");
  if (message.empty())
    message = json_text(root, "error");
  auto code =
    number<int64_t>(from, nested.is_object() && from.contains("grpc_code") ? "grpc_code" : "code");
  if (!message.empty() || code != 0)
    return error_of(code, message.empty() ? fmt::format("error {}", code) : std::move(message));
  if (contains(body, "CommonName of client"))
    return {{etcd_failure::refused,
             "it wants users, so its gateway takes no client certificate with a "
             "common name: make one without"},
            false,
            false};
  auto what = with_words(fmt::format("HTTP status {}", status), body);
  if (status == 401 || status == 403)
    return {{etcd_failure::refused, std::move(what)}, status == 401, false};
  if (status >= 500 || status == 429)
    return {{etcd_failure::unreachable, std::move(what)}, false, true};
  return {{etcd_failure::broken, std::move(what)}, false, true};
}

} // namespace

std::string prefix_end(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff')
    prefix.pop_back();
  if (prefix.empty())
    return std::string(1, '\0');
  prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

etcd_request range_request(const std::string& prefix) {
  return {"/v3/kv/range", key_and_end(prefix).dump(), true};
}

etcd_request put_request(const etcd_put& x) {
  return {"/v3/kv/put", put_of(x.key, x.value, x.lease).dump()};
}

etcd_request create_request(const std::vector<etcd_create>& xs) {
  json list = json::array();
  for (const auto& x : xs) {
    json absent{{"key", to_base64(x.key)},
                {"target", "CREATE"},
                {"result", "EQUAL"},
                {"create_revision", "0"}};
    list.push_back({{"compare", {std::move(absent)}},
                    {"success", {{{"request_put", put_of(x.key, x.value, x.lease)}}}},
                    {"failure", {{{"request_range", {{"key", to_base64(x.key)}}}}}}});
  }
  return {"/v3/kv/txn", transactions(std::move(list))};
}

etcd_request remove_request(const std::vector<etcd_remove>& xs) {
  json list = json::array();
  for (const auto& x : xs) {
    json same{{"key", to_base64(x.key)},
              {"target", "MOD"},
              {"result", "EQUAL"},
              {"mod_revision", std::to_string(x.mod_revision)}};
    list.push_back({{"compare", {std::move(same)}},
                    {"success", {{{"request_delete_range", {{"key", to_base64(x.key)}}}}}}});
  }
  return {"/v3/kv/txn", transactions(std::move(list))};
}

etcd_request grant_request(std::chrono::seconds ttl) {
  return {"/v3/lease/grant", json{{"TTL", std::to_string(ttl.count())}}.dump()};
}

etcd_request keepalive_request(int64_t lease) {
  return {"/v3/lease/keepalive", json{{"ID", std::to_string(lease)}}.dump(), true};
}

etcd_request revoke_request(int64_t lease) {
  return {"/v3/lease/revoke", json{{"ID", std::to_string(lease)}}.dump()};
}

etcd_request watch_request(const std::string& prefix) {
  return {"/v3/watch", json{{"create_request", key_and_end(prefix)}}.dump(), true};
}

etcd_request authenticate_request(const std::string& user, const std::string& password) {
  return {"/v3/auth/authenticate",
          json{{"name", user}, {"password", password}}.dump(-1, ' ', false,
                                                            json::error_handler_t::replace),
          true};
}

std::variant<etcd_document, etcd_error> read_answer(long status, std::string_view body) {
  auto root = json::parse(body, nullptr, false);
  if (status != 200)
    return error_of(status, root, body);
  if (root.is_object() && root.contains("error"))
    return error_of(status, root, body);
  if (root.is_object() && root.contains("result")) {
    json inner = std::move(root["result"]);
    root = std::move(inner);
  }
  if (!root.is_object())
    return etcd_error{{etcd_failure::broken, "the answer is no JSON object"}, false, true};
  etcd_document result;
  const auto& header = json_field(root, "header");
  result.header = {.cluster = number<uint64_t>(header, "cluster_id"),
                   .raft_term = number<uint64_t>(header, "raft_term"),
                   .revision = number<int64_t>(header, "revision")};
  result.root = std::move(root);
  return result;
}

etcd_range read_range(const etcd_document& x) {
  etcd_range result;
  result.revision = x.header.revision;
  for (const json& item : items(x.root, "kvs"))
    result.keys.push_back(read_key(item));
  return result;
}

std::vector<etcd_created> read_created(const etcd_document& x, const std::vector<etcd_create>& of) {
  std::vector<etcd_created> result(of.size());
  auto responses = items(x.root, "responses");
  for (size_t i = 0; i < of.size() && i < responses.size(); ++i) {
    const auto& own = json_field(responses[i].get(), "response_txn");
    result[i].made = json_flag(own, "succeeded");
    if (result[i].made) {
      result[i].key = {of[i].key, of[i].value, x.header.revision, x.header.revision, of[i].lease};
      continue;
    }
    for (const json& step : items(own, "responses"))
      for (const json& found : items(json_field(step, "response_range"), "kvs"))
        result[i].key = read_key(found);
  }
  return result;
}

std::vector<etcd_removed> read_removed(const etcd_document& x, size_t count) {
  std::vector<etcd_removed> result(count);
  auto responses = items(x.root, "responses");
  for (size_t i = 0; i < count && i < responses.size(); ++i)
    result[i].done = json_flag(json_field(responses[i].get(), "response_txn"), "succeeded");
  return result;
}

etcd_lease read_lease(const etcd_document& x) {
  etcd_lease result;
  result.id = number<int64_t>(x.root, "ID");
  result.ttl = std::chrono::seconds{number<int64_t>(x.root, "TTL")};
  return result;
}

std::string read_token(const etcd_document& x) {
  return json_text(x.root, "token");
}

etcd_watch_message read_watch(const etcd_document& x) {
  using kind = etcd_watch_message::kind;
  if (json_flag(x.root, "canceled")) {
    auto reason = json_text(x.root, "cancel_reason");
    if (auto compacted = number<int64_t>(x.root, "compact_revision"); compacted != 0)
      reason = fmt::format("compacted at revision {}", compacted);
    auto token = wants_token(reason);
    return {kind::ended, {}, reason.empty() ? "canceled" : std::move(reason), token};
  }
  if (json_flag(x.root, "created"))
    return {kind::created};
  etcd_watch_message result;
  for (const json& event : items(x.root, "events"))
    result.keys.push_back(bytes(json_field(event, "kv"), "key"));
  if (!result.keys.empty())
    result.what = kind::events;
  return result;
}

std::string version_fault(std::string_view body) {
  auto root = json::parse(body, nullptr, false);
  auto version = json_text(root, "etcdserver");
  unsigned major = 0;
  unsigned minor = 0;
  const auto* end = version.data() + version.size();
  auto first = std::from_chars(version.data(), end, major);
  if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '.'
      || std::from_chars(first.ptr + 1, end, minor).ec != std::errc{})
    return "it does not say the version of an etcd";
  if (major < 3 || (major == 3 && minor < 4))
    return fmt::format("it is etcd {}, expected 3.4 or later", version.substr(0, 20));
  return {};
}

} // namespace pgstatsmon
