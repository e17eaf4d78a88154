// Counts braces outside of texts.
#include "actors/etcd/etcd_stream.hpp"

namespace pgstatsmon {

std::vector<std::string> etcd_stream::add(std::string_view piece) {
  std::vector<std::string> result;
  for (auto c : piece) {
    if (broken_)
      break;
    if (depth_ == 0) {
      if (c == '{') {
        begun_ = c;
        depth_ = 1;
      } else if (c != ' ' && c != '\n' && c != '\r' && c != '\t') {
        broken_ = true;
      }
      continue;
    }
    begun_ += c;
    if (escaped_)
      escaped_ = false;
    else if (in_text_ && c == '\\')
      escaped_ = true;
    else if (c == '"')
      in_text_ = !in_text_;
    else if (!in_text_ && (c == '{' || c == '['))
      ++depth_;
    else if (!in_text_ && (c == '}' || c == ']') && --depth_ == 0)
      result.push_back(std::move(begun_));
    if (begun_.size() > max_object)
      broken_ = true;
  }
  return result;
}

} // namespace pgstatsmon
