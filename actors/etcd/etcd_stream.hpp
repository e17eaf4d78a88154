// A stream of JSON objects, cut where they end. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pgstatsmon {

/// What a gateway streams is one object after the other; how they fall into pieces says nothing.
class etcd_stream {
public:
  /// No object may be longer.
  static constexpr size_t max_object = size_t{16} << 20;

  /// @param piece What has come.
  /// @returns the objects that it completes, perhaps none.
  std::vector<std::string> add(std::string_view piece);

  /// Whether what came was no sequence of objects, or one was too long: the stream is of no use.
  [[nodiscard]] bool broken() const noexcept { return broken_; }

private:
  std::string begun_;
  size_t depth_ = 0;
  bool in_text_ = false;
  bool escaped_ = false;
  bool broken_ = false;
};

} // namespace pgstatsmon
