// A source's last good list in the state directory.
#include "actors/discovery/kept_list.hpp"

#include "config/replace_file.hpp"
#include "messages/error.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

#include <sys/stat.h>

namespace pgstatsmon {

namespace {

using nlohmann::json;

constexpr int version = 1;
constexpr size_t max_bytes = 64 << 20;

caf::error failed(const std::string& path, int error) {
  return caf::make_error(ec::unreadable_file,
                         fmt::format("{}: {}", path, std::generic_category().message(error)));
}

json to_json(const found_backend& x) {
  json labels = json::array();
  for (const auto& [name, value] : x.labels)
    labels.push_back({name, value});
  json result{{"key", x.key},         {"name", x.name},
              {"address", x.address}, {"port", x.port},
              {"role", x.role},       {"database", x.database},
              {"user", x.user},       {"labels", std::move(labels)}};
  if (x.kind)
    result["kind"] = to_string_view(*x.kind);
  return result;
}

found_backend from_json(const json& x) {
  found_backend result;
  x.at("key").get_to(result.key);
  x.at("name").get_to(result.name);
  x.at("address").get_to(result.address);
  x.at("port").get_to(result.port);
  x.at("role").get_to(result.role);
  x.at("database").get_to(result.database);
  x.at("user").get_to(result.user);
  if (auto kind = x.find("kind"); kind != x.end())
    result.kind = *kind == to_string_view(backend_kind::pgbouncer) ? backend_kind::pgbouncer
                                                                   : backend_kind::postgres;
  for (const auto& label : x.at("labels"))
    result.labels.emplace_back(label.at(0).get<std::string>(), label.at(1).get<std::string>());
  return result;
}

std::string document(const source_spec& x, const std::vector<found_backend>& list) {
  json backends = json::array();
  for (const auto& y : list)
    backends.push_back(to_json(y));
  json root{{"version", version},
            {"source", x.name},
            {"question", fingerprint(x)},
            {"backends", std::move(backends)}};
  return root.dump(1, ' ', false, json::error_handler_t::replace) + '\n';
}

std::vector<found_backend> parse(const std::string& text, const source_spec& x) {
  std::vector<found_backend> result;
  auto root = json::parse(text);
  if (root.at("version") != version || root.at("question") != fingerprint(x))
    return result;
  for (const auto& y : root.at("backends"))
    result.push_back(from_json(y));
  return result;
}

/// The 64-bit FNV-1a hash, the same in every build.
uint64_t hash(std::string_view text) noexcept {
  uint64_t result = 14695981039346656037U;
  for (char c : text)
    result = (result ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return result;
}

struct question_of {
  std::string operator()(const static_list&) const { return "static"; }

  std::string operator()(const vmapi_settings& x) const {
    return fmt::format("vmapi\n{}\n{}\n{}\n{}", x.http.url, x.tag_name, x.tag_value, x.nic_tag);
  }

  std::string operator()(const file_source_settings& x) const {
    return fmt::format("file\n{}", x.path);
  }

  std::string operator()(const http_sd_settings& x) const {
    return fmt::format("http_sd\n{}", x.http.url);
  }

  std::string operator()(const dns_settings& x) const {
    return fmt::format("dns\n{}\n{}\n{}", x.server, static_cast<int>(x.type),
                       fmt::join(x.names, "\n"));
  }

  std::string operator()(const patroni_settings& x) const {
    return fmt::format("patroni\n{}\n{}\n{}", x.prefix, fmt::join(x.scopes, "\n"),
                       fmt::join(x.rest, "\n"));
  }
};

} // namespace

std::string fingerprint(const source_spec& x) {
  return fmt::format("{:016x}", hash(std::visit(question_of{}, x.how)));
}

std::string kept_list_path(const std::string& state_dir, const std::string& source) {
  return fmt::format("{}/discovery-{}.json", state_dir, source);
}

caf::error keep_list(const source_spec& x, const std::vector<found_backend>& list) {
  try {
    return replace_file(x.state_dir, kept_list_path(x.state_dir, x.name), document(x, list));
  } catch (const std::exception& y) {
    return caf::make_error(ec::unreadable_file, std::string{y.what()});
  }
}

caf::expected<std::vector<found_backend>> read_kept_list(const source_spec& x) {
  auto path = kept_list_path(x.state_dir, x.name);
  try {
    std::unique_ptr<FILE, decltype(&fclose)> in{fopen(path.c_str(), "re"), fclose};
    if (!in && errno == ENOENT)
      return std::vector<found_backend>{};
    struct stat info {};
    if (!in || fstat(fileno(in.get()), &info) != 0)
      return failed(path, errno);
    if (static_cast<size_t>(info.st_size) > max_bytes)
      return failed(path, EFBIG);
    std::string text(static_cast<size_t>(info.st_size), '\0');
    text.resize(fread(text.data(), 1, text.size(), in.get()));
    return parse(text, x);
  } catch (const std::exception& y) {
    return caf::make_error(ec::unreadable_file, fmt::format("{}: {}", path, y.what()));
  }
}

} // namespace pgstatsmon
