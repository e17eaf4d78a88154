// What libcurl is told, and how its errors become ours.
#include "actors/http/http_transfer.hpp"

#include "actors/http/http_url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include <openssl/evp.h>

namespace pgstatsmon {

namespace {

constexpr size_t max_header_bytes = size_t{256} << 10;
constexpr long stalled_after_s = 10;
constexpr size_t max_auth_bytes = 4096;

std::string_view trimmed(std::string_view x) {
  constexpr std::string_view space = " \t\r\n";
  auto first = x.find_first_not_of(space);
  return first == std::string_view::npos ? std::string_view{}
                                         : x.substr(first, x.find_last_not_of(space) + 1 - first);
}

http_failure class_of(CURLcode x) noexcept {
  switch (x) {
  case CURLE_COULDNT_RESOLVE_HOST: return http_failure::dns;
  case CURLE_COULDNT_CONNECT: return http_failure::connect;
  case CURLE_OPERATION_TIMEDOUT: return http_failure::timeout;
  case CURLE_SSL_CONNECT_ERROR:
  case CURLE_SSL_CERTPROBLEM:
  case CURLE_SSL_CIPHER:
  case CURLE_PEER_FAILED_VERIFICATION:
  case CURLE_SSL_CACERT_BADFILE:
  case CURLE_SSL_CRL_BADFILE:
  case CURLE_SSL_ISSUER_ERROR:
  case CURLE_SSL_INVALIDCERTSTATUS: return http_failure::tls;
  case CURLE_FILESIZE_EXCEEDED: return http_failure::too_large;
  case CURLE_BAD_CONTENT_ENCODING: return http_failure::body;
  default: return http_failure::network;
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

bool http_ready() {
  static const auto code = curl_global_init(CURL_GLOBAL_DEFAULT);
  return code == CURLE_OK;
}

std::optional<std::string_view> http_reply::header(std::string_view name) const {
  auto is = [&](const auto& x) { return x.first == name; };
  auto i = std::find_if(headers.rbegin(), headers.rend(), is);
  if (i != headers.rend())
    return i->second;
  return std::nullopt;
}

http_transfer::http_transfer() {
  if (http_ready())
    easy_.reset(curl_easy_init());
}

bool http_transfer::take(std::string_view data) {
  body_bytes_ += data.size();
  if (body_bytes_ > max_body_) {
    too_large_ = true;
    return false;
  }
  long status = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  if (!sink_ || status != 200) {
    reply_.body.append(data);
    return true;
  }
  enough_ = !sink_(data);
  return !enough_;
}

size_t http_transfer::on_body(char* data, size_t, size_t size, void* to) {
  auto& x = *static_cast<http_transfer*>(to);
  try {
    return x.take({data, size}) ? size : 0;
  } catch (const std::exception&) {
    x.too_large_ = true;
    return 0;
  }
}

size_t http_transfer::on_header(char* data, size_t, size_t size, void* to) {
  auto& x = *static_cast<http_transfer*>(to);
  x.header_bytes_ += size;
  if (x.header_bytes_ > max_header_bytes) {
    x.too_large_ = true;
    return 0;
  }
  try {
    std::string_view line{data, size};
    auto colon = line.find(':');
    if (line.starts_with("HTTP/")) {
      x.reply_.headers.clear(); // a 100 Continue came before
    } else if (colon != std::string_view::npos) {
      std::string name{trimmed(line.substr(0, colon))};
      std::transform(name.begin(), name.end(), name.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      });
      x.reply_.headers.emplace_back(std::move(name), trimmed(line.substr(colon + 1)));
    }
  } catch (const std::exception&) {
    return 0;
  }
  return size;
}

void http_transfer::set_limits(const http_settings& how) {
  auto* to = easy_.get();
  auto path = [to](CURLoption option, const std::string& file) {
    if (!file.empty())
      curl_easy_setopt(to, option, file.c_str());
  };
  curl_easy_setopt(to, CURLOPT_ERRORBUFFER, problem_.data());
  curl_easy_setopt(to, CURLOPT_NOSIGNAL, 1L);
  // A name server that is silent does not hold up the end.
  curl_easy_setopt(to, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(to, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(to, CURLOPT_PROXY, "");
  curl_easy_setopt(to, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(to, CURLOPT_USERAGENT, "pgstatsmon/" PGSTATSMON_VERSION);
  curl_easy_setopt(to, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(how.connect_timeout.count()));
  curl_easy_setopt(to, CURLOPT_TIMEOUT_MS,
                   static_cast<long>(request_.timeout.value_or(how.request_timeout).count()));
  curl_easy_setopt(to, CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(how.max_body_bytes));
  curl_easy_setopt(to, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  path(CURLOPT_CAINFO, how.ca_file);
  path(CURLOPT_SSLCERT, how.certificate_file);
  path(CURLOPT_SSLKEY, how.key_file);
}

void http_transfer::set_request() {
  auto* to = easy_.get();
  curl_easy_setopt(to, CURLOPT_URL, request_.url.c_str());
  if (request_.body) {
    curl_easy_setopt(to, CURLOPT_POST, 1L);
    curl_easy_setopt(to, CURLOPT_POSTFIELDS, request_.body->c_str());
    curl_easy_setopt(to, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request_.body->size()));
  }
  auto add = [&](const std::string& line) {
    if (auto* longer = curl_slist_append(headers_.get(), line.c_str())) {
      static_cast<void>(headers_.release()); // it is the same list, or was none
      headers_.reset(longer);
    }
  };
  headers_.reset();
  for (const auto& [name, text] : request_.headers)
    add(fmt::format("{}: {}", name, text));
  if (request_.body)
    add("Expect:"); // a server that knows no 100 Continue would cost a second
  if (headers_)
    curl_easy_setopt(to, CURLOPT_HTTPHEADER, headers_.get());
  if (request_.stream) {
    // Multiplexed streams starve each other, and a compressor would hold events back.
    curl_easy_setopt(to, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  } else {
    curl_easy_setopt(to, CURLOPT_ACCEPT_ENCODING, "gzip");
    curl_easy_setopt(to, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(to, CURLOPT_LOW_SPEED_TIME, stalled_after_s);
  }
}

std::optional<http_problem> http_transfer::read_basic_auth(const std::string& file) {
  if (file.empty())
    return std::nullopt;
  std::string line;
  std::ifstream in{file};
  if (!std::getline(in, line) || line.size() > max_auth_bytes
      || line.find(':') == std::string::npos)
    return http_problem{http_failure::file,
                        fmt::format("{} can't be read, expected one line user:password", file)};
  if (line.ends_with('\r'))
    line.pop_back();
  curl_easy_setopt(easy_.get(), CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
  curl_easy_setopt(easy_.get(), CURLOPT_USERPWD, line.c_str());
  return std::nullopt;
}

std::optional<http_problem> http_transfer::prepare(http_call request, const http_settings& how,
                                                   http_sink sink) {
  curl_easy_reset(easy_.get());
  request_ = std::move(request);
  sink_ = std::move(sink);
  reply_ = {};
  max_body_ = how.max_body_bytes;
  body_bytes_ = 0;
  header_bytes_ = 0;
  too_large_ = false;
  enough_ = false;
  problem_[0] = '\0';
  set_limits(how);
  set_request();
  curl_easy_setopt(easy_.get(), CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy_.get(), CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy_.get(), CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy_.get(), CURLOPT_HEADERDATA, this);
  return read_basic_auth(how.basic_auth_file);
}

http_answer http_transfer::finish(CURLcode code) {
  sink_ = {};
  auto url = shown(request_.url);
  if (too_large_ || code == CURLE_FILESIZE_EXCEEDED)
    return http_problem{http_failure::too_large,
                        fmt::format("{}: the answer is larger than {} bytes", url, max_body_)};
  if (code != CURLE_OK && !enough_)
    return http_problem{
      class_of(code),
      fmt::format("{}: {}", url, problem_[0] == '\0' ? curl_easy_strerror(code) : problem_.data())};
  if (!fits_digest(reply_))
    return http_problem{http_failure::body,
                        fmt::format("{}: the answer does not fit its Content-MD5", url)};
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &reply_.status);
  const char* target = nullptr;
  curl_easy_getinfo(easy_.get(), CURLINFO_REDIRECT_URL, &target);
  if (target != nullptr)
    reply_.redirect = target;
  return std::move(reply_);
}

} // namespace pgstatsmon
