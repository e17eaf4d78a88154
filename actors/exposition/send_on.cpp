// A Location that is taken once.
#include "actors/exposition/send_on.hpp"

#include "actors/cluster/cluster_status.hpp"
#include "actors/cluster/lingering.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string_view>

namespace pgstatsmon {

namespace {

constexpr unsigned temporary_redirect = 307;

/// A parameter of who has followed one.
constexpr std::string_view mark = "moved";

std::shared_ptr<const std::string> owner_of(const std::string& name, const cluster_cell* sharing) {
  auto all = sharing == nullptr ? nullptr : sharing->targets();
  if (all == nullptr)
    return nullptr;
  auto i = std::ranges::find_if(*all, [&](const auto& x) { return x.value->name == name; });
  return i == all->end() ? nullptr : i->address;
}

} // namespace

std::optional<http_response> send_on(const http_request& x, const std::string& prefix,
                                     const left_backend& left, const cluster_cell* sharing) {
  if (!x.all(mark).empty() || !x.header("authorization").empty())
    return std::nullopt;
  auto name = x.path.substr(prefix.size());
  auto to = left.value == nullptr ? owner_of(name, sharing) : left.next;
  if (to == nullptr)
    return std::nullopt;
  auto result = text_response(temporary_redirect, "another daemon watches it\n");
  // Without a scheme: it is the same for all members (RFC 3986, 4.2).
  auto location = fmt::format("//{}{}{}?{}=1", *to, prefix, percent_encode(name), mark);
  for (const auto& query : x.all("collect[]"))
    location += "&collect[]=" + percent_encode(query);
  result.headers.emplace_back("Location", std::move(location));
  return result;
}

} // namespace pgstatsmon
