// One list of VMs, asked for page by page.
#include "actors/discovery/vmapi_paging.hpp"

#include <fmt/format.h>

namespace pgstatsmon {

namespace {

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'
         || c == '.' || c == '_' || c == '~' || c == '*';
}

std::string_view without_slash(std::string_view url) {
  while (url.ends_with('/'))
    url.remove_suffix(1);
  return url;
}

} // namespace

std::string percent_encoded(std::string_view text) {
  std::string result;
  for (char c : text)
    if (is_unreserved(c))
      result += c;
    else
      result += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  return result;
}

vmapi_paging::vmapi_paging(const vmapi_settings& how)
  : first_{fmt::format("{}/vms?state=running&tag.{}={}&limit={}", without_slash(how.http.url),
                       percent_encoded(how.tag_name), percent_encoded(how.tag_value), page_size)} {}

std::string vmapi_paging::url() const {
  if (marker_.empty())
    return first_;
  // A uuid of the server's goes back to it inside JSON: quotes and backslashes would end it early.
  std::string quoted;
  for (char c : marker_)
    quoted += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
  return first_ + "&marker=" + percent_encoded(fmt::format(R"({{"uuid":"{}"}})", quoted));
}

vmapi_paging::state vmapi_paging::contradict(std::string what) {
  problem_ = std::move(what);
  return state::contradiction;
}

vmapi_paging::state vmapi_paging::add(std::vector<vm> page, std::optional<uint64_t> count) {
  if (!marker_.empty() && count != count_)
    return contradict("the number of VMs changed between two pages");
  count_ = count;
  auto before = vms_.size();
  for (auto& x : page)
    if (seen_.insert(x.uuid).second)
      vms_.push_back(std::move(x));
  if (vms_.size() > max_vms)
    return contradict(fmt::format("more than {} VMs came", max_vms));
  if (count && vms_.size() > *count)
    return contradict(fmt::format("{} VMs came, but the server said {}", vms_.size(), *count));
  // A server may give less than a page although there is more; only its count or an empty page
  // says that this is all.
  if (count ? vms_.size() == *count : page.empty())
    return state::complete;
  if (vms_.size() == before)
    return contradict(count ? fmt::format("{} VMs came, but the server said {}", before, *count)
                            : std::string{"a page has no VM that was not there before"});
  marker_ = vms_.back().uuid;
  return state::more;
}

} // namespace pgstatsmon
