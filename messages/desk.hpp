// What the page's threads have the DESK do. These never leave the process.
#pragma once

#include "messages/status.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/expected.hpp>

#include <functional>
#include <string>
#include <variant>

namespace pgstatsmon {

/// To the DESK: how is the SCHEDULER?
struct status_question {
  /// Called once, by the DESK: what it said, or ec::timeout.
  std::function<void(const caf::expected<scheduler_status>&)> done;
};

/// To the DESK: have the SCHEDULER carry this out.
struct order_question {
  std::variant<poll_order, pause_order, resume_order> order;

  /// Called once, by the DESK: what came of it in a word or a number, or the error.
  std::function<void(const caf::expected<std::string>&)> done;
};

} // namespace pgstatsmon

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgstatsmon::status_question)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgstatsmon::order_question)
