// Loads the web configuration.
#include "actors/exposition/web_door.hpp"

#include "messages/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <tuple>

namespace pgstatsmon {

namespace {

std::string_view text_of(client_auth x) {
  switch (x) {
  case client_auth::none: return "no client certificates";
  case client_auth::request:
  case client_auth::require_any: return "client certificates that are not verified";
  case client_auth::verify_if_given: return "client certificates verified if given";
  case client_auth::verify: return "client certificates verified";
  }
  return "";
}

} // namespace

loaded_web_door load_web_door(const std::string& file, std::time_t now) {
  loaded_web_door result;
  result.files = {file};
  result.stamps = stamps_of(result.files);
  auto text = read_small_file(file);
  if (!text) {
    result.error = caf::make_error(ec::unreadable_file, file + ": " + sentence_of(text.error()));
    return result;
  }
  auto parsed = parse_web_config(*text, file);
  auto named = parsed.config.files();
  std::ranges::copy(stamps_of(named), std::back_inserter(result.stamps));
  std::ranges::move(named, std::back_inserter(result.files));
  std::shared_ptr<const tls_credentials> tls;
  if (parsed.config.tls)
    tls = tls_credentials::load(*parsed.config.tls, now, parsed.faults, parsed.warnings);
  if (!parsed.faults.empty()) {
    result.error = make_error(std::move(parsed.faults), file);
    return result;
  }
  auto door = std::make_shared<web_door>(std::move(parsed.config));
  door->tls = std::move(tls);
  std::ranges::stable_sort(parsed.warnings, {},
                           [](const fault& x) { return std::tie(x.line, x.column); });
  for (const auto& x : parsed.warnings)
    door->warnings.push_back(to_string(x, file));
  result.door = std::move(door);
  return result;
}

std::string explain(const web_door& x) {
  auto result = x.tls ? fmt::format("TLS, {}", text_of(x.config.tls->client)) : "no TLS";
  result += x.config.users.empty() ? ", no passwords"
                                   : fmt::format(", passwords of {} users", x.config.users.size());
  return "the page's door: " + result + "\n";
}

std::string exposure_warning(const web_door* x) {
  auto secure = x != nullptr && x->tls != nullptr;
  auto asks_who = x != nullptr && x->asks_who();
  if (secure && asks_who)
    return {};
  const auto* lacks = secure     ? "passwords or verified client certificates"
                      : asks_who ? "TLS"
                                 : "TLS and without passwords";
  return fmt::format("the page is served to other machines without {}: see web.config", lacks);
}

} // namespace pgstatsmon
