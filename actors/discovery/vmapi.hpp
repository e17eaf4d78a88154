// Asks VMAPI for its VMs.
#pragma once

#include "actors/discovery/answer.hpp"
#include "actors/http/http_client.hpp"

namespace pgstatsmon {

/// Asks for all pages. An answer that contradicts itself is asked for again, three times at most.
source_answer ask_vmapi(const vmapi_settings& how, const http_get& get,
                        const std::stop_token& stop);

} // namespace pgstatsmon
