// OpenSSL's coder, which takes whitespace and "=" in more places than the standard.
#include "config/base64.hpp"

#include <openssl/evp.h>

namespace pgstatsmon {

namespace {

constexpr std::string_view letters =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const unsigned char* bytes_of(std::string_view x) noexcept {
  return reinterpret_cast<const unsigned char*>(x.data());
}

} // namespace

std::string to_base64(std::string_view bytes) {
  std::string result((bytes.size() + 2) / 3 * 4 + 1, '\0'); // it ends its text with a NUL
  auto written = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(result.data()), bytes_of(bytes),
                                 static_cast<int>(bytes.size()));
  result.resize(static_cast<size_t>(written));
  return result;
}

std::optional<std::string> from_base64(std::string_view text) {
  size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  auto coded = text.substr(0, text.size() - padding);
  if (text.size() % 4 != 0 || coded.find_first_not_of(letters) != std::string_view::npos)
    return std::nullopt;
  std::string result(text.size() / 4 * 3, '\0');
  auto written = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(result.data()), bytes_of(text),
                                 static_cast<int>(text.size()));
  if (written < static_cast<int>(padding))
    return text.empty() ? std::optional{result} : std::nullopt;
  result.resize(static_cast<size_t>(written) - padding); // the padding's zeros are counted
  return result;
}

} // namespace pgstatsmon
