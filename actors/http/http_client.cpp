// Waits for one request after the other.
#include "actors/http/http_client.hpp"

#include "actors/http/http_multi.hpp"
#include "actors/http/http_url.hpp"

#include <fmt/format.h>

namespace pgstatsmon {

namespace {

constexpr int max_redirects = 3;
constexpr std::chrono::milliseconds turn{1000};
constexpr uint64_t only = 0; // the number of the request

} // namespace

struct http_client::impl {
  explicit impl(http_settings x) : how{std::move(x)} {}

  http_answer get_once(const std::string& url, const std::stop_token& stop);

  http_settings how;
  http_multi multi;
};

http_client::http_client(http_settings how) : impl_{std::make_unique<impl>(std::move(how))} {}
http_client::~http_client() = default;
http_client::http_client(http_client&&) noexcept = default;
http_client& http_client::operator=(http_client&&) noexcept = default;

http_answer http_client::impl::get_once(const std::string& url, const std::stop_token& stop) {
  multi.begin(only, {.url = url}, how);
  std::stop_callback wake{stop, [this] { multi.wake(); }};
  while (!stop.stop_requested())
    if (auto ended = multi.run(turn); !ended.empty())
      return std::move(ended.front().second);
  multi.drop(only);
  return http_problem{http_failure::network, shown(url) + ": given up"};
}

http_answer http_client::get(const std::string& url, const std::stop_token& stop) {
  auto next = url;
  for (int redirects = 0;; ++redirects) {
    auto answer = impl_->get_once(next, stop);
    const auto* reply = std::get_if<http_reply>(&answer);
    if (reply == nullptr || reply->status < 300 || reply->status > 399 || reply->redirect.empty())
      return answer;
    if (redirects == max_redirects)
      return http_problem{http_failure::status,
                          fmt::format("{}: more than {} redirects", shown(url), max_redirects)};
    if (!may_follow(next, reply->redirect))
      return http_problem{http_failure::status,
                          fmt::format("{}: redirected to {}, which is not the same host",
                                      shown(next), shown(reply->redirect))};
    next = reply->redirect;
  }
}

} // namespace pgstatsmon
