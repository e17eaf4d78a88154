// Routes to the files, and what browsers are told about them.
#include "actors/exposition/web_files.hpp"

#include <algorithm>
#include <array>
#include <memory>

namespace pgstatsmon {

namespace {

constexpr unsigned not_modified = 304;

const std::vector<web_file>& files() {
  static const auto result = built_in_web_files();
  return result;
}

/// Weak, as one tag stands for the compressed form, too.
std::string tag_of(const web_file& x) {
  constexpr size_t enough = 32;
  return "W/\"" + x.hash.substr(0, enough) + '"';
}

std::string_view without_weakness(std::string_view tag) noexcept {
  return tag.starts_with("W/") ? tag.substr(2) : tag;
}

http_response answer_file(const web_file& x, const http_request& request) {
  http_response result;
  result.type = media_type_of(x.name);
  result.headers = page_headers();
  auto tag = tag_of(x);
  if (has_already(request.header("if-none-match"), tag))
    result.status = not_modified;
  else
    result.body = x.content;
  result.headers.emplace_back("ETag", std::move(tag));
  // Asked for again each time, and answered with a line: no version is mixed with another.
  result.headers.emplace_back("Cache-Control", "no-cache");
  return result;
}

} // namespace

std::string_view built_in_web_file(std::string_view name) {
  auto i = std::ranges::find(files(), name, &web_file::name);
  return i == files().end() ? std::string_view{} : std::string_view{i->content};
}

std::string_view media_type_of(std::string_view name) noexcept {
  using entry = std::pair<std::string_view, std::string_view>;
  constexpr std::array<entry, 4> types{{{".mjs", "text/javascript; charset=utf-8"},
                                        {".css", "text/css; charset=utf-8"},
                                        {".svg", "image/svg+xml"},
                                        {".html", "text/html; charset=utf-8"}}};
  for (const auto& [ending, type] : types)
    if (name.ends_with(ending))
      return type;
  return "application/octet-stream";
}

header_list page_headers() {
  return {{"Content-Security-Policy",
           "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
           "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
          {"X-Content-Type-Options", "nosniff"},
          {"Referrer-Policy", "no-referrer"}};
}

bool has_already(std::string_view if_none_match, std::string_view tag) noexcept {
  while (!if_none_match.empty()) {
    auto end = if_none_match.find(',');
    auto one = if_none_match.substr(0, end);
    if_none_match.remove_prefix(end == std::string_view::npos ? if_none_match.size() : end + 1);
    one.remove_prefix(std::min(one.find_first_not_of(" \t"), one.size()));
    one = one.substr(0, one.find_last_not_of(" \t") + 1);
    if (one == "*" || without_weakness(one) == without_weakness(tag))
      return !one.empty();
  }
  return false;
}

void add_web_files(http_server& to) {
  for (const auto& x : files())
    if (!x.name.ends_with(".html"))
      to.add_route("/web/" + x.name,
                   [&x](const http_request& request) { return answer_file(x, request); });
}

} // namespace pgstatsmon
