// JSON in a file that is replaced as a whole.
#include "actors/cluster/owned_file.hpp"

#include "config/read_file.hpp"
#include "config/replace_file.hpp"
#include "messages/error.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <filesystem>

namespace pgstatsmon {

namespace {

using nlohmann::json;

constexpr size_t max_file = size_t{1} << 20;

} // namespace

std::string owned_file_path(const std::string& state_dir) {
  return state_dir + "/cluster.json";
}

caf::error keep_owned(const std::string& state_dir, const owned_by& who,
                      const std::vector<slot_number>& slots) {
  try {
    json root{
      {"layout", layout_version}, {"fleet", who.fleet}, {"member", who.member}, {"slots", slots}};
    return replace_file(state_dir, owned_file_path(state_dir),
                        root.dump(-1, ' ', false, json::error_handler_t::replace) + '\n');
  } catch (const std::exception& y) {
    return caf::make_error(ec::unreadable_file, std::string{y.what()});
  }
}

caf::expected<std::vector<slot_number>> read_owned(const std::string& state_dir,
                                                   const owned_by& who) {
  auto path = owned_file_path(state_dir);
  try {
    std::vector<slot_number> result;
    if (!std::filesystem::exists(path))
      return result;
    auto text = read_file(path, max_file);
    if (!text)
      return std::move(text.error());
    auto root = json::parse(*text);
    if (root.at("layout") == layout_version && root.at("fleet") == who.fleet
        && root.at("member") == who.member)
      root.at("slots").get_to(result);
    return result;
  } catch (const std::exception& y) {
    return caf::make_error(ec::unreadable_file, fmt::format("{}: {}", path, y.what()));
  }
}

} // namespace pgstatsmon
