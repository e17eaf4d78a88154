// An HTTP client over libcurl's multi interface, which can be woken from another thread.
#include "actors/discovery/http_client.hpp"

#include "actors/discovery/http_url.hpp"
#include "actors/discovery/vmapi_body.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>

#include <openssl/evp.h>

namespace pgstatsmon {

namespace {

constexpr int max_redirects = 3;
constexpr size_t max_header_bytes = size_t{256} << 10;
constexpr long stalled_after_s = 10;
constexpr size_t max_auth_bytes = 4096;

struct easy_deleter {
  void operator()(CURL* x) const { curl_easy_cleanup(x); }
};
struct multi_deleter {
  void operator()(CURLM* x) const { curl_multi_cleanup(x); }
};

using easy_ptr = std::unique_ptr<CURL, easy_deleter>;
using multi_ptr = std::unique_ptr<CURLM, multi_deleter>;

/// The answer while it arrives.
struct transfer {
  uint64_t max_body = 0;
  http_reply response;
  size_t header_bytes = 0;
  bool too_large = false;
};

std::string_view trimmed(std::string_view x) {
  constexpr std::string_view space = " \t\r\n";
  auto first = x.find_first_not_of(space);
  return first == std::string_view::npos ? std::string_view{}
                                         : x.substr(first, x.find_last_not_of(space) + 1 - first);
}

size_t on_body(char* data, size_t, size_t size, void* to) {
  auto& x = *static_cast<transfer*>(to);
  if (x.response.body.size() + size > x.max_body) {
    x.too_large = true;
    return 0;
  }
  try {
    x.response.body.append(data, size);
  } catch (const std::exception&) {
    x.too_large = true;
    return 0;
  }
  return size;
}

size_t on_header(char* data, size_t, size_t size, void* to) {
  auto& x = *static_cast<transfer*>(to);
  x.header_bytes += size;
  if (x.header_bytes > max_header_bytes) {
    x.too_large = true;
    return 0;
  }
  try {
    std::string_view line{data, size};
    auto colon = line.find(':');
    if (line.starts_with("HTTP/")) {
      x.response.headers.clear(); // a 100 Continue came before
    } else if (colon != std::string_view::npos) {
      std::string name{trimmed(line.substr(0, colon))};
      std::transform(name.begin(), name.end(), name.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      });
      x.response.headers.emplace_back(std::move(name), trimmed(line.substr(colon + 1)));
    }
  } catch (const std::exception&) {
    return 0;
  }
  return size;
}

source_failure class_of(CURLcode x) noexcept {
  switch (x) {
  case CURLE_COULDNT_RESOLVE_HOST: return source_failure::dns;
  case CURLE_COULDNT_CONNECT: return source_failure::connect;
  case CURLE_OPERATION_TIMEDOUT: return source_failure::timeout;
  case CURLE_SSL_CONNECT_ERROR:
  case CURLE_SSL_CERTPROBLEM:
  case CURLE_SSL_CIPHER:
  case CURLE_PEER_FAILED_VERIFICATION:
  case CURLE_SSL_CACERT_BADFILE:
  case CURLE_SSL_CRL_BADFILE:
  case CURLE_SSL_ISSUER_ERROR:
  case CURLE_SSL_INVALIDCERTSTATUS: return source_failure::tls;
  case CURLE_FILESIZE_EXCEEDED: return source_failure::too_large;
  case CURLE_BAD_CONTENT_ENCODING: return source_failure::body;
  default: return source_failure::network;
  }
}

/// Whether a body is the one that Content-MD5 was made from. Compressed ones are not looked at:
/// servers do not agree on which of the two bodies is meant.
bool fits_digest(const http_reply& x) {
  auto expected = x.header("content-md5");
  if (!expected || x.header("content-encoding"))
    return true;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  std::array<unsigned char, size_t{2} * EVP_MAX_MD_SIZE> base64{};
  unsigned size = 0;
  if (EVP_Digest(x.body.data(), x.body.size(), digest.data(), &size, EVP_md5(), nullptr) != 1)
    return true; // MD5 can be switched off in a system's OpenSSL
  auto length = EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(size));
  return std::equal(expected->begin(), expected->end(), base64.begin(), base64.begin() + length,
                    [](char a, unsigned char b) { return static_cast<unsigned char>(a) == b; });
}

} // namespace

std::optional<std::string_view> http_reply::header(std::string_view name) const {
  auto is = [&](const auto& x) { return x.first == name; };
  auto i = std::find_if(headers.rbegin(), headers.rend(), is);
  if (i != headers.rend())
    return i->second;
  return std::nullopt;
}

struct http_client::impl {
  explicit impl(http_settings x) : how{std::move(x)} {
    static const auto ready = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (ready != CURLE_OK)
      return;
    multi.reset(curl_multi_init());
    easy.reset(curl_easy_init());
  }

  void set_up();
  std::optional<source_problem> read_basic_auth();
  http_answer get_once(const std::string& url, const std::stop_token& stop);
  CURLcode perform(const std::stop_token& stop);

  http_settings how;
  multi_ptr multi;
  easy_ptr easy; // ends before multi
  std::array<char, CURL_ERROR_SIZE> problem{};
};

http_client::http_client(http_settings how) : impl_{std::make_unique<impl>(std::move(how))} {}
http_client::~http_client() = default;
http_client::http_client(http_client&&) noexcept = default;
http_client& http_client::operator=(http_client&&) noexcept = default;

void http_client::impl::set_up() {
  auto* to = easy.get();
  auto path = [to](CURLoption option, const std::string& file) {
    if (!file.empty())
      curl_easy_setopt(to, option, file.c_str());
  };
  curl_easy_reset(to);
  curl_easy_setopt(to, CURLOPT_ERRORBUFFER, problem.data());
  curl_easy_setopt(to, CURLOPT_NOSIGNAL, 1L);
  // A name server that is silent does not hold up the end.
  curl_easy_setopt(to, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(to, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(to, CURLOPT_PROXY, "");
  curl_easy_setopt(to, CURLOPT_ACCEPT_ENCODING, "gzip");
  curl_easy_setopt(to, CURLOPT_USERAGENT, "pgstatsmon/" PGSTATSMON_VERSION);
  curl_easy_setopt(to, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(how.connect_timeout.count()));
  curl_easy_setopt(to, CURLOPT_TIMEOUT_MS, static_cast<long>(how.request_timeout.count()));
  curl_easy_setopt(to, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(to, CURLOPT_LOW_SPEED_TIME, stalled_after_s);
  curl_easy_setopt(to, CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(how.max_body_bytes));
  curl_easy_setopt(to, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  path(CURLOPT_CAINFO, how.ca_file);
  path(CURLOPT_SSLCERT, how.certificate_file);
  path(CURLOPT_SSLKEY, how.key_file);
  curl_easy_setopt(to, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(to, CURLOPT_HEADERFUNCTION, on_header);
}

std::optional<source_problem> http_client::impl::read_basic_auth() {
  if (how.basic_auth_file.empty())
    return std::nullopt;
  std::string line;
  std::ifstream in{how.basic_auth_file};
  if (!std::getline(in, line) || line.size() > max_auth_bytes
      || line.find(':') == std::string::npos)
    return source_problem{
      source_failure::file,
      fmt::format("{} can't be read, expected one line user:password", how.basic_auth_file)};
  if (line.ends_with('\r'))
    line.pop_back();
  curl_easy_setopt(easy.get(), CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
  curl_easy_setopt(easy.get(), CURLOPT_USERPWD, line.c_str());
  return std::nullopt;
}

CURLcode http_client::impl::perform(const std::stop_token& stop) {
  if (curl_multi_add_handle(multi.get(), easy.get()) != CURLM_OK)
    return CURLE_FAILED_INIT;
  std::stop_callback wake{stop, [this] { curl_multi_wakeup(multi.get()); }};
  auto result = CURLE_ABORTED_BY_CALLBACK;
  for (int running = 1; running != 0 && !stop.stop_requested();) {
    if (curl_multi_perform(multi.get(), &running) != CURLM_OK
        || (running != 0 && curl_multi_poll(multi.get(), nullptr, 0, 1000, nullptr) != CURLM_OK))
      break;
  }
  int left = 0;
  while (auto* message = curl_multi_info_read(multi.get(), &left))
    if (message->msg == CURLMSG_DONE)
      result = message->data.result;
  curl_multi_remove_handle(multi.get(), easy.get());
  return result;
}

http_answer http_client::impl::get_once(const std::string& url, const std::stop_token& stop) {
  set_up();
  if (auto x = read_basic_auth())
    return *x;
  transfer to;
  to.max_body = how.max_body_bytes;
  curl_easy_setopt(easy.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy.get(), CURLOPT_WRITEDATA, &to);
  curl_easy_setopt(easy.get(), CURLOPT_HEADERDATA, &to);
  problem[0] = '\0';
  auto code = perform(stop);
  if (to.too_large || code == CURLE_FILESIZE_EXCEEDED)
    return source_problem{
      source_failure::too_large,
      fmt::format("{}: the answer is larger than {} bytes", shown(url), how.max_body_bytes)};
  if (code != CURLE_OK)
    return source_problem{
      class_of(code), fmt::format("{}: {}", shown(url),
                                  problem[0] == '\0' ? curl_easy_strerror(code) : problem.data())};
  if (!fits_digest(to.response))
    return source_problem{source_failure::body,
                          fmt::format("{}: the answer does not fit its Content-MD5", shown(url))};
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &to.response.status);
  return std::move(to.response);
}

http_answer http_client::get(const std::string& url, const std::stop_token& stop) {
  if (!impl_->multi || !impl_->easy)
    return source_problem{source_failure::network, "libcurl can't be used"};
  auto next = url;
  for (int redirects = 0;; ++redirects) {
    auto answer = impl_->get_once(next, stop);
    const auto* response = std::get_if<http_reply>(&answer);
    if (response == nullptr || response->status < 300 || response->status > 399)
      return answer;
    const char* target = nullptr;
    curl_easy_getinfo(impl_->easy.get(), CURLINFO_REDIRECT_URL, &target);
    if (target == nullptr)
      return answer;
    if (redirects == max_redirects)
      return source_problem{source_failure::status,
                            fmt::format("{}: more than {} redirects", shown(url), max_redirects)};
    if (!may_follow(next, target))
      return source_problem{source_failure::status,
                            fmt::format("{}: redirected to {}, which is not the same host",
                                        shown(next), shown(target))};
    next = target;
  }
}

std::optional<source_problem> status_problem(const http_reply& x) {
  if (x.status == 200)
    return std::nullopt;
  auto message = error_message(x.body);
  return source_problem{source_failure::status,
                        message.empty() ? fmt::format("HTTP status {}", x.status)
                                        : fmt::format("HTTP status {}: {}", x.status, message)};
}

} // namespace pgstatsmon
