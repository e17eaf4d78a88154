// Feeds anything to the reader of VMAPI's answers, and what it reads to what judges it.
#include "actors/discovery/vmapi_body.hpp"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pgstatsmon;
  std::string_view text{reinterpret_cast<const char*>(data), size};
  vmapi_settings how;
  how.tag_name = "manta_role";
  how.tag_value = "*postgres";
  how.nic_tag = "^manta[0-9]*$";
  if (auto vms = parse_vms(text)) {
    auto found = match(*vms, how);
    if (found.backends.size() + found.rejected.size() > vms->size())
      __builtin_trap();
  }
  if (error_message(text).size() > 300)
    __builtin_trap();
  return 0;
}
