// gzip with ISA-L, chunk by chunk.
#pragma once

#include "actors/exposition/body_source.hpp"

#include <memory>
#include <string_view>

namespace pgstatsmon {

/// Compresses another source with bounded memory, about 400 KiB.
class gzip_source final : public body_source {
public:
  explicit gzip_source(std::unique_ptr<body_source> plain);
  ~gzip_source() override;

  size_t read(char* to, size_t max) override;

private:
  struct compressor;

  std::unique_ptr<body_source> plain_;
  std::unique_ptr<compressor> compressor_;
};

/// True if an Accept-Encoding header allows gzip: named, or by `*`, and not with `q=0`.
bool accepts_gzip(std::string_view accept_encoding) noexcept;

} // namespace pgstatsmon
