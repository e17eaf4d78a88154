// The DESK: does for the page's threads what they can't: waits for actors, and looks what changed.
#pragma once

#include "actors/exposition/event_hub.hpp"
#include "actors/interfaces.hpp"
#include "actors/observed.hpp"
#include "actors/registry/fleet_journal.hpp"
#include "actors/registry/heartbeat.hpp"
#include "actors/registry/snapshot.hpp"

#include <caf/actor_clock.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace pgstatsmon {

/// What a DESK works with. All outlive it.
struct desk_arguments {
  scheduler_actor scheduler;
  std::shared_ptr<const snapshot_cell> backends;
  std::shared_ptr<const heartbeat> pulse;
  std::shared_ptr<fleet_journal> journal;
  std::shared_ptr<event_hub> events;
  std::function<double()> unix_time;
  /// Rows of the list of backends, and what else there is to say about news, as JSON of one line.
  std::function<std::string(const fleet_news&)> describe;
};

class desk_state {
public:
  static constexpr const char* name = "desk";

  explicit desk_state(desk_actor::pointer self) : self_{self} {}

  void start(desk_arguments arguments);

  /// Looks what changed, and tells who listens; goes on until the actor ends.
  void look();

  void ask(const status_question& x);
  void order(const order_question& x);

private:
  void say_what_changed();
  void say_that_we_live();

  desk_actor::pointer self_;
  desk_arguments arguments_;
  caf::actor_clock::time_point next_beat_;
};

/// Run it in a thread of its own: it has to answer when no other actor does.
desk_actor::behavior_type desk(observed_ptr<desk_actor, desk_state> self, desk_arguments arguments);

/// The way to a DESK that is started after the page's threads. Any thread.
class desk_line {
public:
  /// Whom to ask from now on.
  void connect(desk_actor to);

  /// False while there is none.
  template <class Question>
  bool send(Question x) const {
    auto to = desk();
    if (!to)
      return false;
    caf::anon_send(to, std::move(x));
    return true;
  }

private:
  [[nodiscard]] desk_actor desk() const;

  mutable std::mutex mutex_;
  desk_actor desk_;
};

} // namespace pgstatsmon
