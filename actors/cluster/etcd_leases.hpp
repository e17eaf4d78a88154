// An ENGINE that keeps leases in etcd.
#pragma once

#include "actors/cluster/engine.hpp"
#include "actors/etcd/etcd_api.hpp"
#include "actors/observed.hpp"

#include <caf/actor_clock.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pgstatsmon {

/// From the client's thread: what is to happen in the actor.
struct etcd_news {
  std::function<void()> happen; ///< Not empty.
};

} // namespace pgstatsmon

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgstatsmon::etcd_news)

namespace pgstatsmon {

using etcd_leases_actor = engine_actor::extend<
  // INTERNAL: etcd has answered, or something there has changed.
  caf::reacts_to<etcd_news>>;

/// What an etcd_leases works with.
struct etcd_leases_arguments {
  std::shared_ptr<etcd_api> etcd;
  std::string prefix; ///< Of the fleet's keys, with a slash behind it.
  engine_listener listener;
};

/// The keys below the prefix: `layout`; `members/ID`, what a member says of itself, on its lease;
/// `owners/NUMBER`, the id of who has that slot, on the same lease. A key's create revision is the
/// fence.
///
/// The range is the truth: it is read when something was written, when a watch says so, and every
/// half minute. A key on another lease than its member's is nobody's: it is about to end.
class etcd_leases_state {
public:
  static constexpr const char* name = "etcd_leases";

  explicit etcd_leases_state(etcd_leases_actor::pointer self) : self_{self} {}

  void open(etcd_leases_arguments arguments);
  caf::result<engine_answer> carry_out(const engine_order& order);

private:
  using time_point = caf::actor_clock::time_point;

  // An order's steps, each of which leads to the next.
  void hold();
  void grant();
  void announce();
  void release(size_t from);
  void claim(size_t from);
  void raise_layout();
  void leave();
  void look();

  void read(const etcd_range& x);
  [[nodiscard]] caf::timespan age_of(const std::string& id, int64_t lease, bool first);
  void deliver();
  void failed(const etcd_problem& x);
  void changed();

  /// A callback that runs in the actor, if the order it was for is still under way.
  template <class T>
  etcd_done<T> then(std::function<void(T&)> next);

  etcd_leases_actor::pointer self_;
  etcd_leases_arguments arguments_;
  std::shared_ptr<void> watch_;
  std::optional<engine_order> order_; ///< Under way.
  caf::typed_response_promise<engine_answer> promise_;
  uint64_t number_ = 0;  ///< Of the order.
  int64_t lease_ = 0;    ///< Ours; 0: none.
  std::string told_;     ///< What the key of ours says.
  bool stale_ = true;    ///< The range is to be read.
  time_point read_at_;   ///< ... and was last.
  engine_view_ptr view_; ///< Null before the first.
  time_point granted_;
  std::map<std::pair<std::string, int64_t>, time_point> seen_since_; ///< By id and lease.
};

etcd_leases_actor::behavior_type
etcd_leases(observed_ptr<etcd_leases_actor, etcd_leases_state> self,
            etcd_leases_arguments arguments);

} // namespace pgstatsmon
