// What a REACTOR is to send later.
#pragma once

#include <caf/detail/simple_actor_clock.hpp>

#include <memory>
#include <mutex>
#include <optional>

namespace pgstatsmon {

/// Delayed messages and timeouts of requests, by time. Any thread.
class timers final : public caf::detail::simple_actor_clock {
public:
  void set_ordinary_timeout(time_point when, caf::abstract_actor* self, caf::atom_value type,
                            uint64_t id) override;
  void set_multi_timeout(time_point when, caf::abstract_actor* self, caf::atom_value type,
                         uint64_t id) override;
  void set_request_timeout(time_point when, caf::abstract_actor* self, caf::message_id id) override;
  void cancel_ordinary_timeout(caf::abstract_actor* self, caf::atom_value type) override;
  void cancel_request_timeout(caf::abstract_actor* self, caf::message_id id) override;
  void cancel_timeouts(caf::abstract_actor* self) override;
  void schedule_message(time_point when, caf::strong_actor_ptr receiver,
                        caf::mailbox_element_ptr content) override;
  void schedule_message(time_point when, caf::group target, caf::strong_actor_ptr sender,
                        caf::message content) override;
  void cancel_all() override;

  /// Sends what is due.
  void send_due(time_point now);

  /// When the next one is due.
  [[nodiscard]] std::optional<time_point> next() const;

private:
  /// The first one, if it is due; null otherwise.
  unique_delayed_event_ptr take_due(time_point now);

  mutable std::mutex mutex_;
};

} // namespace pgstatsmon
