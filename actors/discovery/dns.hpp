// Asks the DNS for backends: SRV records, or the addresses of names.
#pragma once

#include "actors/discovery/answer.hpp"
#include "config/settings.hpp"

namespace pgstatsmon {

/// Asks for all names at once, within ten seconds.
///
/// An SRV record becomes a backend with the target as name and address, so that its address is
/// looked up anew with every connection, and the record's port; priority and weight mean nothing
/// here. An address becomes a backend with the address as name. A name that does not exist, or has
/// no such records, is rejected; when the DNS can't say, the whole answer is a problem, because
/// the rest would look like a smaller list. Blocks; ends early when a stop is requested.
source_answer ask_dns(const dns_settings& how, const std::stop_token& stop);

} // namespace pgstatsmon
