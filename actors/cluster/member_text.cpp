// JSON.
#include "actors/cluster/member_text.hpp"

#include <nlohmann/json.hpp>

#include <cmath>

namespace pgstatsmon {

namespace {

using nlohmann::json;

/// Larger or smaller than any that the configuration takes: somebody else wrote it.
bool is_weight(double x) {
  constexpr double most = 1e6;
  return std::isfinite(x) && x > 1 / most && x < most;
}

} // namespace

std::string to_text(const member_record& x) {
  json result{{"id", x.id},         {"address", x.address}, {"weight", x.weight},
              {"layout", x.layout}, {"version", x.version}, {"fingerprint", x.fingerprint},
              {"life", x.life},     {"leaving", x.leaving}};
  return result.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<member_record> parse_member(std::string_view text) {
  try {
    auto x = json::parse(text);
    member_record result;
    x.at("id").get_to(result.id);
    x.at("address").get_to(result.address);
    x.at("weight").get_to(result.weight);
    x.at("layout").get_to(result.layout);
    x.at("version").get_to(result.version);
    x.at("fingerprint").get_to(result.fingerprint);
    x.at("life").get_to(result.life);
    x.at("leaving").get_to(result.leaving);
    if (result.id.empty() || !is_weight(result.weight))
      return std::nullopt;
    return result;
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

} // namespace pgstatsmon
