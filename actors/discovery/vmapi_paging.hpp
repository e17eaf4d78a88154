// One list of VMs, asked for page by page. Pure.
#pragma once

#include "actors/discovery/vmapi_match.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace pgstatsmon {

/// Percent-encodes all but unreserved characters and `*`.
std::string percent_encoded(std::string_view text);

/// Says which page is asked for next and whether the list is complete. Pages follow each other by
/// `marker`, the last VM's uuid, so VMs that come and go do not shift the rest.
class vmapi_paging {
public:
  enum class state : uint8_t {
    more,          ///< There is another page.
    complete,      ///< All VMs are here.
    contradiction, ///< What came does not fit what the server said; begin again.
  };

  static constexpr size_t page_size = 1000; ///< The most that VMAPI gives.
  static constexpr size_t max_vms = 100'000;

  explicit vmapi_paging(const vmapi_settings& how);

  /// The URL of the next page.
  [[nodiscard]] std::string url() const;

  /// A page came.
  /// @param count `x-joyent-resource-count`: how many VMs match altogether.
  state add(std::vector<vm> page, std::optional<uint64_t> count);

  /// What came so far, each VM once.
  [[nodiscard]] std::vector<vm>& vms() noexcept { return vms_; }

  /// The sentence for a contradiction.
  [[nodiscard]] const std::string& problem() const noexcept { return problem_; }

private:
  state contradict(std::string what);

  std::string first_;  ///< The URL of the first page.
  std::string marker_; ///< The uuid of the last VM; empty: no page came yet.
  std::optional<uint64_t> count_;
  std::unordered_set<std::string> seen_;
  std::vector<vm> vms_;
  std::string problem_;
};

} // namespace pgstatsmon
