// The stream of igzip between two buffers, and the negotiation about it.
#include "actors/exposition/gzip.hpp"

#include <array>
#include <optional>
#include <string>

#include <isa-l.h>

namespace pgstatsmon {

struct gzip_source::compressor {
  compressor() {
    isal_deflate_init(&stream);
    stream.level = 1;
    stream.level_buf = level_memory.data();
    stream.level_buf_size = static_cast<uint32_t>(level_memory.size());
    stream.gzip_flag = IGZIP_GZIP;
    stream.flush = NO_FLUSH;
  }

  isal_zstream stream{};
  std::array<uint8_t, ISAL_DEF_LVL1_DEFAULT> level_memory{};
  std::array<char, 32'768> input{};
};

gzip_source::gzip_source(std::unique_ptr<body_source> plain)
  : plain_{std::move(plain)}, compressor_{std::make_unique<compressor>()} {
  // nop
}

gzip_source::~gzip_source() = default;

size_t gzip_source::read(char* to, size_t max) {
  auto& [stream, level_memory, input] = *compressor_;
  stream.next_out = reinterpret_cast<uint8_t*>(to);
  stream.avail_out = static_cast<uint32_t>(max);
  while (stream.avail_out > 0 && stream.internal_state.state != ZSTATE_END) {
    if (stream.avail_in == 0 && stream.end_of_stream == 0) {
      auto n = plain_->read(input.data(), input.size());
      stream.next_in = reinterpret_cast<uint8_t*>(input.data());
      stream.avail_in = static_cast<uint32_t>(n);
      stream.end_of_stream = n == 0 ? 1 : 0;
    }
    isal_deflate(&stream); // can't fail: the stream is set up right
  }
  return max - stream.avail_out;
}

namespace {

constexpr std::string_view blank = " \t";

std::string_view trim(std::string_view x) noexcept {
  auto begin = x.find_first_not_of(blank);
  if (begin == std::string_view::npos)
    return {};
  return x.substr(begin, x.find_last_not_of(blank) - begin + 1);
}

/// Cuts off what is before a separator.
std::string_view take_until(std::string_view& x, char separator) noexcept {
  auto end = x.find(separator);
  auto result = x.substr(0, end);
  x.remove_prefix(end == std::string_view::npos ? x.size() : end + 1);
  return trim(result);
}

bool is_same(std::string_view x, std::string_view lower) noexcept {
  if (x.size() != lower.size())
    return false;
  for (size_t i = 0; i < x.size(); ++i)
    if ((x[i] >= 'A' && x[i] <= 'Z' ? x[i] - 'A' + 'a' : x[i]) != lower[i])
      return false;
  return true;
}

// A weight of zero is 0, 0., 0.0, 0.00 or 0.000.
bool is_refused(std::string_view parameters) noexcept {
  while (!parameters.empty()) {
    auto value = take_until(parameters, ';');
    auto name = take_until(value, '=');
    if (is_same(name, "q"))
      return !trim(value).empty() && trim(value).find_first_not_of("0.") == std::string_view::npos;
  }
  return false;
}

} // namespace

bool accepts_gzip(std::string_view accept_encoding) noexcept {
  std::optional<bool> named;
  bool any = false;
  while (!accept_encoding.empty()) {
    auto parameters = take_until(accept_encoding, ',');
    auto coding = take_until(parameters, ';');
    auto accepted = !is_refused(parameters);
    if (is_same(coding, "gzip") || is_same(coding, "x-gzip"))
      named = named.value_or(false) || accepted;
    else if (coding == "*")
      any = accepted;
  }
  return named.value_or(any);
}

} // namespace pgstatsmon
