// Asks the DNS for backends: SRV records, or the addresses of names.
#pragma once

#include "actors/discovery/dns_answer.hpp"
#include "config/settings.hpp"

namespace pgstatsmon {

/// Asks for all names at once, within ten seconds.
///
/// An SRV record becomes a backend with the target as name and address, so that its address is
/// looked up anew with every connection, and the record's port; priority and weight mean nothing
/// here. An address becomes a backend with the address as name. Search domains of the system that
/// no name can end with (`search .`) are left out. Blocks; ends early when a stop is requested.
/// @param last What the names said before; follows what they say now (answer_of).
source_answer ask_dns(const dns_settings& how, dns_memory& last, const std::stop_token& stop);

} // namespace pgstatsmon
