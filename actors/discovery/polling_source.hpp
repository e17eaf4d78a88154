// A SOURCE: asks its question again and again, and tells DISCOVERY what it believes of the answers.
#pragma once

#include "actors/discovery/answer.hpp"
#include "actors/discovery/belief.hpp"
#include "actors/discovery/discovery.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <set>

namespace pgstatsmon {

/// What a source does not do itself.
struct source_tools {
  source_question ask;

  /// Called once with the source: what it returns lives as long as the source, and may send it
  /// ticks when it is time to ask. May be empty.
  std::function<std::shared_ptr<void>(const source_actor&)> watch;

  /// A number in [0, 1), for jitter.
  std::function<double()> random;
};

/// How often a source asks, and which lists it doubts.
struct source_pace {
  milliseconds interval{0};
  shrink_settings shrink{};
};

/// The pace of a source. A file is looked at every 30 s, should its watch miss a change.
source_pace pace_of(const source_spec& x);

/// A source's memory.
class polling_source_state {
public:
  static constexpr const char* name = "source";

  explicit polling_source_state(source_actor::pointer self) : self_{self} {}

  /// Must be called first.
  void open(source_job job, source_tools tools);

  /// Asks, however long that takes, and sets the timer for the next time.
  void look();

  /// A timer fired; only the newest one counts.
  void wake(uint64_t timer);

private:
  void accept(found_list found);
  void doubt(const found_list& found);
  void fail(const source_problem& x);
  void say_failure(const source_problem& x, milliseconds next) const;
  void fall_back();
  void tell(const std::vector<found_backend>& found);
  void keep(const std::vector<found_backend>& found);
  void note(const std::vector<rejection>& rejected);
  void sleep(milliseconds time);

  source_actor::pointer self_;
  source_job job_;
  source_tools tools_;
  std::shared_ptr<void> watch_;
  source_pace pace_;
  belief belief_{shrink_settings{}};
  std::optional<backend_list> told_;               // what DISCOVERY has from this source
  std::optional<std::vector<found_backend>> kept_; // what state_dir has
  bool known_before_ = false;                      // DISCOVERY has a predecessor's list
  std::set<rejection> rejected_;                   // so that each is logged and counted once
  uint32_t failures_ = 0;                          // in a row
  std::optional<source_failure> last_failure_;
  std::string keep_problem_;
  uint64_t timer_ = 0;
};

/// Starts asking at once. Blocks while it asks: spawn it detached.
source_actor::behavior_type polling_source(observed_ptr<source_actor, polling_source_state> self,
                                           source_job job, source_tools tools);

} // namespace pgstatsmon
