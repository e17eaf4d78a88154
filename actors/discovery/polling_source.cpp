// A SOURCE: asks its question again and again.
#include "actors/discovery/polling_source.hpp"

#include "actors/discovery/kept_list.hpp"
#include "actors/discovery/retry.hpp"
#include "config/fault.hpp"
#include "config/log.hpp"
#include "config/text.hpp"

#include <algorithm>

namespace pgstatsmon {

namespace {

using std::chrono::ceil;
using std::chrono::duration;

constexpr milliseconds file_interval{30'000};
constexpr size_t max_logged = 20; // rejections of one answer

struct pace {
  source_pace operator()(const static_list&) const { return {.interval = file_interval}; }
  source_pace operator()(const file_source_settings&) const { return {.interval = file_interval}; }

  template <class T>
  source_pace operator()(const T& x) const {
    return {.interval = x.poll_interval, .shrink = x.shrink};
  }
};

std::vector<std::string> ids(const backend_list& xs) {
  std::vector<std::string> result;
  result.reserve(xs.size());
  for (const auto& x : xs)
    result.push_back(x.id);
  return result;
}

} // namespace

source_pace pace_of(const source_spec& x) {
  return std::visit(pace{}, x.how);
}

void polling_source_state::open(source_job job, source_tools tools) {
  job_ = std::move(job);
  tools_ = std::move(tools);
  pace_ = pace_of(job_.spec);
  belief_ = belief{pace_.shrink};
  known_before_ = !job_.known.empty();
  if (!job_.spec.state_dir.empty()) {
    if (auto list = read_kept_list(job_.spec))
      kept_ = std::move(*list);
    else
      say(spdlog::level::warn, {.event = log_event::source_not_kept, .source = job_.spec.name},
          "discovery: {}: no list from before the start: {}", job_.spec.name,
          context_of(list.error()));
  }
  if (known_before_) {
    belief_.assume(std::move(job_.known));
  } else if (kept_) {
    std::vector<rejection> unused;
    belief_.assume(ids(to_backends(*kept_, job_.spec.defaults, unused)));
  }
  if (tools_.watch)
    watch_ = tools_.watch(source_actor{self_});
}

void polling_source_state::wake(uint64_t timer) {
  if (timer == timer_)
    look();
}

void polling_source_state::look() {
  auto begin = self_->clock().now();
  auto answer = tools_.ask(job_.stop);
  if (job_.stop.stop_requested())
    return;
  job_.metrics->poll_seconds.Observe(duration<double>(self_->clock().now() - begin).count());
  if (auto* problem = std::get_if<source_problem>(&answer))
    fail(*problem);
  else
    accept(std::move(std::get<found_list>(answer)));
}

void polling_source_state::accept(found_list found) {
  if (failures_ > 0)
    say(spdlog::level::info,
        {.event = log_event::source_recovered, .source = job_.spec.name, .failures = failures_},
        "discovery: {}: answers again after {}", job_.spec.name,
        counted(failures_, "failed attempt"));
  failures_ = 0;
  last_failure_.reset();
  auto list = to_backends(found.backends, job_.spec.defaults, found.rejected);
  note(found.rejected);
  job_.metrics->notes.set_rejected(found.rejected);
  job_.metrics->notes.set_problem({});
  job_.metrics->last_success.SetToCurrentTime();
  auto was_doubting = belief_.doubting();
  if (!belief_.judge(ids(list), self_->clock().now()))
    return doubt(found);
  if (was_doubting)
    say(spdlog::level::info, {.event = log_event::source_believed, .source = job_.spec.name},
        "discovery: {}: a list with {} is believed", job_.spec.name,
        counted(list.size(), "backend"));
  job_.metrics->doubted.Set(0);
  job_.metrics->from_state.Set(0);
  tell(found.backends);
  keep(found.backends);
  sleep(pace_.interval);
}

void polling_source_state::doubt(const found_list& found) {
  job_.metrics->doubted.Set(1);
  auto left = ceil<milliseconds>(belief_.second_look() - self_->clock().now());
  say(spdlog::level::warn, {.event = log_event::source_doubted, .source = job_.spec.name},
      "discovery: {}: only {} after {}, looking again in {} ms before that is "
      "believed",
      job_.spec.name, counted(found.backends.size(), "backend"), belief_.size(), left.count());
  fall_back();
  sleep(std::max(left, milliseconds{1}));
}

void polling_source_state::fail(const source_problem& x) {
  ++failures_;
  job_.metrics->count(x.reason);
  job_.metrics->notes.set_problem(x.what);
  job_.metrics->doubted.Set(0);
  belief_.forget_doubt();
  auto next = retry_delay(failures_, pace_.interval, tools_.random());
  if (last_failure_ != x.reason)
    say_failure(x, next);
  last_failure_ = x.reason;
  fall_back();
  sleep(next);
}

void polling_source_state::say_failure(const source_problem& x, milliseconds next) const {
  log_fields fields{.event = log_event::source_failing,
                    .source = job_.spec.name,
                    .reason = to_string_view(x.reason),
                    .failures = failures_};
  // Of several faults of a list each is a line.
  auto last = x.what.rfind('\n') + 1;
  say_lines(spdlog::level::warn, fields, "discovery: " + job_.spec.name + ": ",
            std::string_view{x.what}.substr(0, last));
  say(spdlog::level::warn, fields, "discovery: {}: {}; its last list stays, next attempt in {} ms",
      job_.spec.name, std::string_view{x.what}.substr(last), next.count());
}

/// Until there is a list to believe, the one from before the start is better than none.
void polling_source_state::fall_back() {
  if (told_ || known_before_ || !kept_ || kept_->empty())
    return;
  say(spdlog::level::warn, {.event = log_event::source_from_state, .source = job_.spec.name},
      "discovery: {}: its list from before the start is used: {}", job_.spec.name,
      counted(kept_->size(), "backend"));
  job_.metrics->from_state.Set(1);
  tell(*kept_);
}

void polling_source_state::tell(const std::vector<found_backend>& found) {
  std::vector<rejection> unused;
  auto list = to_backends(found, job_.spec.defaults, unused);
  if (told_ == list)
    return;
  self_->send(job_.listener, job_.spec.name, list);
  told_ = std::move(list);
}

void polling_source_state::keep(const std::vector<found_backend>& found) {
  if (job_.spec.state_dir.empty() || kept_ == found)
    return;
  auto problem = keep_list(job_.spec, found);
  if (!problem) {
    kept_ = found;
    keep_problem_.clear();
    return;
  }
  auto what = context_of(problem);
  if (what != keep_problem_)
    say(spdlog::level::warn, {.event = log_event::source_not_kept, .source = job_.spec.name},
        "discovery: {}: the list can't be kept: {}", job_.spec.name, what);
  keep_problem_ = std::move(what);
}

void polling_source_state::note(const std::vector<rejection>& rejected) {
  size_t fresh = 0;
  std::set<rejection> now;
  for (const auto& x : rejected) {
    if (!now.insert(x).second || rejected_.contains(x))
      continue;
    job_.metrics->count(x.reason);
    if (++fresh <= max_logged)
      say(spdlog::level::warn,
          {.event = log_event::target_rejected,
           .source = job_.spec.name,
           .reason = to_string_view(x.reason)},
          "discovery: {}: {} rejected ({}): {}", job_.spec.name, x.what, to_string_view(x.reason),
          x.detail);
  }
  if (fresh > max_logged)
    say(spdlog::level::warn, {.event = log_event::target_rejected, .source = job_.spec.name},
        "discovery: {}: {} more rejected", job_.spec.name, fresh - max_logged);
  rejected_ = std::move(now);
}

void polling_source_state::sleep(milliseconds time) {
  self_->delayed_send(self_, time, caf::timeout_atom_v, ++timer_);
}

source_actor::behavior_type polling_source(observed_ptr<source_actor, polling_source_state> self,
                                           source_job job, source_tools tools) {
  self->is_for(job.spec.name);
  self->state.open(std::move(job), std::move(tools));
  self->send(self, caf::tick_atom_v);
  return {
    [self](caf::tick_atom) { self->state.look(); },
    [self](caf::timeout_atom, uint64_t timer) { self->state.wake(timer); },
  };
}

} // namespace pgstatsmon
