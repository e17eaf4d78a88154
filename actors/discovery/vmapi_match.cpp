// Which VMs of VMAPI's answer are watched.
#include "actors/discovery/vmapi_match.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_set>

#include <arpa/inet.h>

namespace pgstatsmon {

namespace {

// libstdc++ matches recursively; a real NIC tag has at most 31 characters.
constexpr size_t max_nic_tag = 256;

bool has_tag(const vm_nic& x, const std::regex& nic_tag) {
  return !x.nic_tag.empty() && x.nic_tag.size() <= max_nic_tag
         && std::regex_search(x.nic_tag, nic_tag);
}

std::string described(const vm& x) {
  return x.alias.empty() ? fmt::format("VM {}", x.uuid)
                         : fmt::format("VM {} ({})", x.uuid, x.alias);
}

/// Why there is no NIC to connect to.
rejection no_nic(const vm& x, const std::regex& nic_tag, const vmapi_settings& how) {
  for (const auto& nic : x.nics)
    if (has_tag(nic, nic_tag))
      return {described(x), reject_reason::address,
              fmt::format("its NIC on '{}' has the address '{}', expected a literal one",
                          nic.nic_tag, nic.ip)};
  return {described(x), reject_reason::nic,
          fmt::format("none of its {} NICs matches nic_tag '{}'", x.nics.size(), how.nic_tag)};
}

/// Finds the backend that a VM is, or why it is none.
void sort(const vm& x, const vmapi_settings& how, const std::regex& nic_tag, found_list& to) {
  auto reject = [&](reject_reason reason, std::string detail) {
    to.rejected.push_back({described(x), reason, std::move(detail)});
  };
  if (x.state != "running")
    return reject(reject_reason::state, fmt::format("its state is '{}'", x.state));
  auto tag = x.tags.find(how.tag_name);
  if (tag == x.tags.end())
    return reject(reject_reason::tag, fmt::format("it has no tag '{}'", how.tag_name));
  if (!matches(how.tag_value, tag->second))
    return reject(reject_reason::tag, fmt::format("its tag '{}' is '{}', expected '{}'",
                                                  how.tag_name, tag->second, how.tag_value));
  const auto* nic = choose_nic(x.nics, nic_tag);
  if (nic == nullptr) {
    to.rejected.push_back(no_nic(x, nic_tag, how));
    return;
  }
  found_backend found;
  found.key = x.uuid;
  found.name = x.alias.empty() ? x.uuid : x.alias;
  found.address = nic->ip;
  found.role = tag->second;
  to.backends.push_back(std::move(found));
}

std::regex compiled(const std::string& nic_tag) {
  try {
    return std::regex{nic_tag, std::regex::ECMAScript};
  } catch (const std::regex_error&) {
    return std::regex{"[^\\s\\S]"};
  }
}

} // namespace

bool matches(std::string_view pattern, std::string_view value) noexcept {
  size_t p = 0;
  size_t v = 0;
  auto star = std::string_view::npos; // the last one seen, and what it may have to give back
  size_t after_star = 0;
  while (v < value.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      after_star = v;
    } else if (p < pattern.size() && pattern[p] == value[v]) {
      ++p;
      ++v;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      v = ++after_star;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

bool is_literal_address(std::string_view text) noexcept {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size())
    return false;
  std::copy(text.begin(), text.end(), terminated.begin());
  in6_addr ignored{};
  return inet_pton(AF_INET, terminated.data(), &ignored) == 1
         || inet_pton(AF_INET6, terminated.data(), &ignored) == 1;
}

const vm_nic* choose_nic(const std::vector<vm_nic>& nics, const std::regex& nic_tag) {
  const vm_nic* result = nullptr;
  for (const auto& x : nics) {
    if ((result != nullptr && !x.primary) || !is_literal_address(x.ip) || !has_tag(x, nic_tag))
      continue;
    result = &x;
    if (x.primary)
      break;
  }
  return result;
}

found_list match(const std::vector<vm>& vms, const vmapi_settings& how) {
  found_list result;
  auto nic_tag = compiled(how.nic_tag);
  std::unordered_set<std::string_view> seen;
  for (const auto& x : vms)
    if (seen.insert(x.uuid).second)
      sort(x, how, nic_tag, result);
  return result;
}

} // namespace pgstatsmon
