// The GATE: lets backends connect, a few at a time and while descriptors last, and sums up what
// they say alike.
#pragma once

#include "actors/backend/admission.hpp"
#include "actors/backend/descriptor_shortage.hpp"
#include "actors/backend/log_summary.hpp"
#include "actors/interfaces.hpp"
#include "actors/observed.hpp"
#include "config/descriptors.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <cstdint>
#include <unordered_map>

namespace prometheus {
class Gauge;
} // namespace prometheus

namespace pgstatsmon {

/// Where the GATE shows what it does. All outlive it.
struct gate_metrics {
  prometheus::Gauge* connecting = nullptr;         ///< Attempts under way.
  prometheus::Gauge* waiting = nullptr;            ///< Backends that wait for their attempt.
  prometheus::Gauge* without_descriptor = nullptr; ///< Backends that are kept out.
};

class gate_state {
public:
  static constexpr const char* name = "gate";

  explicit gate_state(gate_actor::pointer self) : self_{self}, admission_{{}} {}

  void start(const descriptor_plan& plan, const gate_metrics& metrics, log_summary* alike,
             uint32_t max_connecting);

  caf::result<lease_granted> request(const lease_request& x);
  void connected(uint64_t ticket);
  void returned(uint64_t ticket);
  void resize(uint32_t max_connecting);

  /// Lets in whom the pace held back, and says what is to be said about the fleet.
  void pulse();

private:
  struct applicant {
    incarnation life = 0;
    caf::typed_response_promise<lease_granted> promise;
  };

  void let_in();
  void say_news();
  void show() const;

  gate_actor::pointer self_;
  descriptor_plan plan_;
  gate_metrics metrics_;
  log_summary* alike_ = nullptr;
  admission admission_;
  descriptor_shortage shortage_;
  std::unordered_map<admission::ticket, applicant> waiting_;
};

/// @param alike What backends say alike, which it writes; may be null.
/// @param max_connecting Attempts at once; follows the configuration.
gate_actor::behavior_type gate(observed_ptr<gate_actor, gate_state> self,
                               const descriptor_plan& plan, const gate_metrics& metrics,
                               log_summary* alike, uint32_t max_connecting);

} // namespace pgstatsmon
