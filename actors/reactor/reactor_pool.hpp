// The REACTORs, which are CAF's scheduler.
#pragma once

#include "actors/reactor/reactor.hpp"

#include <caf/actor_system.hpp>
#include <caf/detail/type_list.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

#include <memory>
#include <string_view>
#include <vector>

namespace pgstatsmon {

/// Where timers go: to the REACTOR whose actor sets them, and those of requests, which may be
/// cancelled from elsewhere, to that of the actor's number.
class reactor_clock final : public caf::actor_clock {
public:
  using reactor_list = std::vector<std::unique_ptr<reactor>>;

  /// @param all Outlives it; not empty when a timer is set.
  explicit reactor_clock(const reactor_list& all) noexcept : all_{all} {}

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

private:
  [[nodiscard]] reactor& here() const;
  [[nodiscard]] reactor& of(const caf::abstract_actor& self) const;

  const reactor_list& all_;
};

/// A CAF scheduler of `scheduler.max-threads` REACTORs. An actor runs where it was messaged from,
/// or at its home.
class reactor_pool final : public caf::scheduler::abstract_coordinator, public socket_watcher {
public:
  using abstract_coordinator::abstract_coordinator;

  /// For actor_system_config::load().
  static caf::actor_system::module* make(caf::actor_system& system, caf::detail::type_list<>);

  /// The pool of a system that was configured with one; null otherwise, as in tests.
  static reactor_pool* of(caf::actor_system& system);

  /// Where the actors of a backend or a source run, so that its events need one thread.
  [[nodiscard]] reactor* home_of(std::string_view name) const noexcept;

  void enqueue(caf::resumable* job) override;
  caf::actor_clock& clock() noexcept override { return clock_; }
  void start() override;
  void stop() override;

  void watch(int socket, uint32_t events, socket_user user, uint64_t number) override;
  void forget(int socket) override;

private:
  reactor_clock::reactor_list all_;
  reactor_clock clock_{all_};
};

} // namespace pgstatsmon
