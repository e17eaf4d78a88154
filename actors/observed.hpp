// The base of every actor: counts in place what the console shows.
#pragma once

#include "actors/actor_directory.hpp"
#include "actors/actor_record.hpp"
#include "actors/reactor/reactor_pool.hpp"

#include <caf/actor_config.hpp>
#include <caf/actor_system.hpp>
#include <caf/exit_reason.hpp>
#include <caf/local_actor.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/stateful_actor.hpp>

#include <atomic>
#include <memory>
#include <string>
#include <utility>

namespace pgstatsmon {

/// An actor that keeps an actor_record and stands in the actor_directory of its system, if that has
/// one (listing_config), from its first message to its end.
/// @tparam Base A typed_event_based_actor or typed_broker.
template <class Base>
class observed : public Base {
public:
  explicit observed(caf::actor_config& config)
    : Base{config},
      record_{std::make_shared<actor_record>(
        this->id(), config.parent == nullptr ? 0 : config.parent->id(), this->clock().now())} {
    // nop
  }

  using Base::enqueue;

  void enqueue(caf::mailbox_element_ptr message, caf::execution_unit* host) override {
    record_->enqueued();
    auto* home = home_.load(std::memory_order_relaxed);
    Base::enqueue(std::move(message), home != nullptr ? home : host);
  }

  caf::invoke_message_result consume(caf::mailbox_element& message) override {
    record_->begin(message_kind::of(message), this->clock().now());
    auto result = Base::consume(message);
    record_->end(this->clock().now());
    return result;
  }

  bool cleanup(caf::error&& reason, caf::execution_unit* host) override {
    if (auto* directory = directory_of(this->home_system())) {
      using caf::exit_reason;
      auto wanted = !reason || reason == exit_reason::normal || reason == exit_reason::unreachable
                    || reason == exit_reason::user_shutdown;
      directory->remove(this->id(), !wanted);
    }
    return Base::cleanup(std::move(reason), host);
  }

  /// Says which backend or source this actor is for, and makes it run where others for it do. For
  /// the actor itself.
  void is_for(const std::string& of) {
    if (auto* directory = directory_of(this->home_system()))
      directory->describe(this->id(), of);
    if (auto* reactors = reactor_pool::of(this->home_system()))
      home_.store(reactors->home_of(of), std::memory_order_relaxed);
  }

  [[nodiscard]] const actor_record& record() const noexcept { return *record_; }

  void initialize() override {
    // Here, because a state has no name before its actor is complete.
    if (auto* directory = directory_of(this->home_system()))
      directory->add(record_, this->name());
    Base::initialize();
  }

private:
  static actor_directory* directory_of(caf::actor_system& system) {
    const auto* config = dynamic_cast<const listing_config*>(&system.config());
    return config == nullptr ? nullptr : config->actors.get();
  }

  std::shared_ptr<actor_record> record_;
  std::atomic<caf::execution_unit*> home_{nullptr}; ///< Null: it runs where it is messaged from.
};

/// What an actor's function takes as `self`: `observed_ptr<connection_actor, connection_state>`.
template <class Handle, class State>
using observed_ptr = caf::stateful_actor<State, observed<typename Handle::base>>*;

/// The same for a broker.
template <class Handle, class State>
using observed_broker_ptr = caf::stateful_actor<State, observed<typename Handle::broker_base>>*;

} // namespace pgstatsmon
