// Tells actors that the configuration changed. This never leaves the process.
#pragma once

#include <caf/allowed_unsafe_message_type.hpp>

#include <memory>

namespace pgstatsmon {

struct settings;
class catalogue;

/// A new configuration is in force: whoever gets this follows it without losing what still holds.
struct reconfigured {
  std::shared_ptr<const settings> value;    ///< Never null.
  std::shared_ptr<const catalogue> queries; ///< Never null; another one only when it changed.
};

} // namespace pgstatsmon

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgstatsmon::reconfigured)
