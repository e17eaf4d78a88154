// Which VMs of VMAPI's answer are watched: its own filter is fuzzy, so all is checked again. Pure.
#pragma once

#include "actors/discovery/found.hpp"
#include "config/settings.hpp"

#include <map>
#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

namespace pgstatsmon {

/// A NIC of a VM, what of it matters.
struct vm_nic {
  std::string nic_tag; ///< Empty: none.
  std::string ip;      ///< Perhaps empty, or `dhcp`.
  bool primary = false;

  friend bool operator==(const vm_nic&, const vm_nic&) = default;
};

/// A VM of VMAPI's answer, what of it matters.
struct vm {
  std::string uuid;
  std::string alias; ///< Empty: none.
  std::string state;
  std::map<std::string, std::string> tags; ///< Numbers and booleans as JavaScript writes them.
  std::vector<vm_nic> nics;

  friend bool operator==(const vm&, const vm&) = default;
};

/// Whether a value matches a pattern as a whole; `*` matches any run of characters.
bool matches(std::string_view pattern, std::string_view value) noexcept;

/// Whether text is a literal IPv4 or IPv6 address.
bool is_literal_address(std::string_view text) noexcept;

/// The NIC to connect to: of those whose tag matches and that have a literal address the primary
/// one, else the first. Nothing when there is none. A NIC without a tag, or with one of more than
/// 256 characters, does not match.
const vm_nic* choose_nic(const std::vector<vm_nic>& nics, const std::regex& nic_tag);

/// Sorts a complete answer into what is watched and what is rejected. A uuid that comes again is
/// left out silently: pages overlap when VMs come and go. Never throws; a nic_tag that is no
/// regular expression matches nothing.
found_list match(const std::vector<vm>& vms, const vmapi_settings& how);

} // namespace pgstatsmon
