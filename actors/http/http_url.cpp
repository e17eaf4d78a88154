// Taking URLs apart with libcurl, which is who follows them.
#include "actors/http/http_url.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace pgstatsmon {

namespace {

struct url_deleter {
  void operator()(CURLU* x) const { curl_url_cleanup(x); }
};
struct text_deleter {
  void operator()(char* x) const { curl_free(x); }
};

using url_ptr = std::unique_ptr<CURLU, url_deleter>;

/// A part of a URL in lower case; empty when it has none.
std::string part(CURLU* url, CURLUPart which) {
  char* text = nullptr;
  if (curl_url_get(url, which, &text, CURLU_DEFAULT_PORT) != CURLUE_OK)
    return {};
  std::unique_ptr<char, text_deleter> owner{text};
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return result;
}

url_ptr parsed(const std::string& text) {
  url_ptr result{curl_url()};
  if (!result || curl_url_set(result.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK)
    return nullptr;
  return result;
}

} // namespace

bool may_follow(const std::string& from, const std::string& to) {
  auto a = parsed(from);
  auto b = parsed(to);
  if (!a || !b || part(a.get(), CURLUPART_HOST) != part(b.get(), CURLUPART_HOST))
    return false;
  auto before = part(a.get(), CURLUPART_SCHEME);
  auto after = part(b.get(), CURLUPART_SCHEME);
  return after == before ? part(a.get(), CURLUPART_PORT) == part(b.get(), CURLUPART_PORT)
                         : before == "http" && after == "https";
}

std::string shown(std::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  auto authority = url.find("://");
  if (authority == std::string_view::npos)
    return std::string{url};
  authority += 3;
  auto path = std::min(url.find('/', authority), url.size());
  auto user = url.substr(authority, path - authority).rfind('@');
  auto host = user == std::string_view::npos ? authority : authority + user + 1;
  return fmt::format("{}{}", url.substr(0, authority), url.substr(host));
}

} // namespace pgstatsmon
