// The calls: one at a time, within their deadlines, at the endpoint that works.
#include "actors/etcd/etcd_engine.hpp"

#include "actors/http/http_url.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgstatsmon {

namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

/// Whether the request can't have reached anybody.
bool never_sent(http_failure x) noexcept {
  return x == http_failure::dns || x == http_failure::connect || x == http_failure::tls
         || x == http_failure::file;
}

} // namespace

etcd_counts operator-(const etcd_counts& now, const etcd_counts& before) {
  etcd_counts result{.requests = now.requests - before.requests,
                     .watch_restarts = now.watch_restarts - before.watch_restarts};
  for (size_t i = 0; i < result.failures.size(); ++i)
    result.failures[i] = now.failures[i] - before.failures[i];
  return result;
}

etcd_engine::etcd_engine(etcd_settings how, credentials who, std::function<double()> random)
  : how_{std::move(how)},
    who_{std::move(who)},
    random_{random},
    endpoints_{how_.endpoints.size(), std::move(random)},
    checked_(how_.endpoints.size()) {}

void etcd_engine::submit(job x, time_point now) {
  waiting next{std::move(x), now + 2 * how_.request_timeout};
  next.last = {etcd_failure::unreachable, "no endpoint answered in time"};
  if (first_.size() + others_.size() >= etcd_max_waiting)
    return fail(std::move(next), {etcd_failure::busy, "too many calls wait"});
  auto& queue = next.what.first ? first_ : others_;
  queue.push_back(std::move(next));
}

void etcd_engine::tick(time_point now) {
  expire(now);
  if (!flight_)
    advance(now);
  for (auto& [number, x] : watchers_) {
    if (x.id == 0 && x.not_before <= now) {
      open(x, now);
    } else if (x.id != 0 && !x.open && now - x.since >= how_.request_timeout) {
      // It neither begins nor ends: a member without the others, or none at all.
      steps_.push_back({x.id, std::nullopt});
      endpoints_.failed(x.endpoint, now);
      closed(x, now);
    }
  }
  if (!flight_)
    advance(now); // a watch may have asked for something
}

etcd_engine::time_point etcd_engine::next(time_point now) const {
  auto result = now + std::chrono::seconds{1};
  auto at = [&](time_point x) { result = std::min(result, x); };
  for (const auto* queue : {&first_, &others_})
    if (!queue->empty())
      at(queue->front().deadline);
  if (current_ && !flight_) {
    at(current_->deadline);
    at(std::max(endpoints_.next(), authenticated_ ? time_point{} : authenticate_at_));
  }
  for (const auto& [number, x] : watchers_)
    at(x.id == 0 ? x.not_before : x.open ? result : x.since + how_.request_timeout);
  return std::max(result, now);
}

void etcd_engine::expire(time_point now) {
  for (auto* queue : {&first_, &others_})
    while (!queue->empty() && queue->front().deadline <= now) {
      auto x = std::move(queue->front());
      queue->pop_front();
      auto why = x.last;
      fail(std::move(x), std::move(why));
    }
  if (current_ && !flight_ && current_->deadline <= now) {
    auto why = current_->last;
    finish(std::move(why), {});
  }
}

bool etcd_engine::take_next() {
  auto& queue = first_.empty() ? others_ : first_;
  if (!current_ && !queue.empty()) {
    current_ = std::move(queue.front());
    queue.pop_front();
  }
  return current_.has_value();
}

/// Sends what comes next for the current call: it may take a look at the version and a token first.
void etcd_engine::advance(time_point now) {
  while (take_next()) {
    auto endpoint = endpoints_.pick(now);
    if (!endpoint)
      return;
    if (!checked_[*endpoint])
      return send(*endpoint, purpose::version, now);
    if (has_user() && !authenticated_) {
      if (now >= authenticate_at_)
        send(*endpoint, purpose::authenticate, now);
      else if (refusal_)
        current_->last = *refusal_;
      return;
    }
    if (!current_->what.request.path.empty())
      return send(*endpoint, purpose::call, now);
    finish(etcd_document{}, now); // a probe: all that it wanted has been done
  }
}

http_call etcd_engine::call_to(size_t endpoint, const etcd_request& x) const {
  http_call result;
  result.url = how_.endpoints[endpoint] + x.path;
  result.headers.emplace_back("Content-Type", "application/json");
  if (!token_.empty())
    result.headers.emplace_back("Authorization", token_);
  result.body = x.body;
  return result;
}

void etcd_engine::send(size_t endpoint, purpose why, time_point now) {
  http_call call;
  if (why == purpose::version) {
    call.url = how_.endpoints[endpoint] + "/version";
  } else if (why == purpose::authenticate) {
    ++authentications_;
    authenticate_at_ = now + etcd_backoff(authentications_, random_());
    ++current_->tokens;
    token_.clear();
    auto who = who_();
    if (!who)
      return finish(
        etcd_problem{etcd_failure::refused,
                     how_.password_file + " can't be read, expected one line user:password"},
        now);
    call = call_to(endpoint, authenticate_request(who->first, who->second));
  } else {
    call = call_to(endpoint, current_->what.request);
  }
  auto left = duration_cast<milliseconds>(current_->deadline - now) + milliseconds{1};
  call.timeout = std::min(how_.request_timeout, left);
  flight_ = {++last_id_, endpoint, why, now, identity_.known()};
  ++counts_.requests;
  steps_.push_back({last_id_, std::move(call)});
}

void etcd_engine::answered(uint64_t id, http_answer x, time_point now) {
  if (flight_ && flight_->id == id)
    return settle(std::move(x), now);
  auto is = [id](const auto& y) { return y.second.id == id; };
  auto i = std::find_if(watchers_.begin(), watchers_.end(), is);
  if (i == watchers_.end())
    return;
  auto& watch = i->second;
  if (const auto* reply = std::get_if<http_reply>(&x); reply != nullptr && reply->status != 200) {
    auto answer = read_answer(reply->status, reply->body);
    if (const auto* error = std::get_if<etcd_error>(&answer); error != nullptr && error->token)
      lose_token();
    else
      endpoints_.failed(watch.endpoint, now);
  } else if (reply == nullptr && !watch.open) {
    endpoints_.failed(watch.endpoint, now);
  }
  closed(watch, now);
}

/// What an attempt for the current call has come to.
void etcd_engine::settle(http_answer x, time_point now) {
  auto was = *std::exchange(flight_, std::nullopt);
  auto again = current_->what.request.reads || was.why != purpose::call;
  if (auto* problem = std::get_if<http_problem>(&x)) {
    endpoints_.failed(was.endpoint, now);
    checked_[was.endpoint] = false; // it may be another one when it is back
    return attempt_failed({etcd_failure::unreachable, std::move(problem->what)},
                          again || never_sent(problem->reason));
  }
  times_.push_back(now - was.sent);
  auto& reply = std::get<http_reply>(x);
  if (was.why == purpose::version)
    return settle_version(reply, was.endpoint, now);
  auto answer = read_answer(reply.status, reply.body);
  if (auto* error = std::get_if<etcd_error>(&answer))
    return settle_error(std::move(*error), was.why, was.endpoint, now);
  auto& document = std::get<etcd_document>(answer);
  auto ordered = was.why == purpose::call && current_->what.request.path.starts_with("/v3/kv/");
  auto since = ordered ? std::optional{was.known} : std::nullopt;
  if (auto fault = identity_.judge(document.header, since, now); !fault.empty()) {
    endpoints_.failed(was.endpoint, now);
    return attempt_failed(
      {etcd_failure::other_cluster, shown(how_.endpoints[was.endpoint]) + ": " + fault}, again);
  }
  endpoints_.good(was.endpoint);
  if (was.why == purpose::authenticate)
    return settle_token(document);
  authentications_ = 0;
  authenticate_at_ = {};
  finish(std::move(document), was.sent);
}

void etcd_engine::settle_version(const http_reply& x, size_t endpoint, time_point now) {
  auto fault = x.status == 200 ? version_fault(x.body) : fmt::format("HTTP status {}", x.status);
  checked_[endpoint] = fault.empty();
  if (fault.empty())
    return;
  endpoints_.failed(endpoint, now);
  auto reason = x.status >= 500 ? etcd_failure::unreachable : etcd_failure::broken;
  attempt_failed({reason, fmt::format("{}: {}", shown(how_.endpoints[endpoint]), fault)}, true);
}

void etcd_engine::settle_token(const etcd_document& x) {
  token_ = read_token(x);
  authenticated_ = true;
  refusal_.reset();
}

void etcd_engine::settle_error(etcd_error x, purpose why, size_t endpoint, time_point now) {
  x.problem.what = fmt::format("{}: {}", shown(how_.endpoints[endpoint]), x.problem.what);
  if (why == purpose::authenticate && x.problem.reason == etcd_failure::broken && !x.endpoint) {
    // It wants no passwords; so be it.
    authenticated_ = true;
    return;
  }
  if (why == purpose::authenticate && x.problem.reason == etcd_failure::refused)
    refusal_ = x.problem;
  if (x.token && why == purpose::call) {
    lose_token();
    return attempt_failed(std::move(x.problem), has_user() && current_->tokens < 2);
  }
  if (x.endpoint) {
    endpoints_.failed(endpoint, now);
    return attempt_failed(std::move(x.problem),
                          current_->what.request.reads || why != purpose::call);
  }
  attempt_failed(std::move(x.problem), false);
}

/// @param again The call may be tried again, while it has time.
void etcd_engine::attempt_failed(etcd_problem x, bool again) {
  if (again)
    current_->last = std::move(x);
  else
    finish(std::move(x), {});
}

void etcd_engine::lose_token() {
  token_.clear();
  authenticated_ = false;
}

void etcd_engine::finish(outcome x, time_point sent) {
  auto was = std::move(*current_);
  current_.reset();
  if (auto* problem = std::get_if<etcd_problem>(&x))
    return fail(std::move(was), std::move(*problem));
  was.what.done(std::move(x), sent);
}

void etcd_engine::fail(waiting x, etcd_problem why) {
  ++counts_.failures[static_cast<size_t>(why.reason)];
  x.what.done(std::move(why), {});
}

void etcd_engine::end() {
  watchers_.clear();
  etcd_problem why{etcd_failure::ended, "the client ends"};
  if (current_)
    finish(why, {});
  for (auto* queue : {&first_, &others_})
    for (auto& x : std::exchange(*queue, {}))
      fail(std::move(x), why);
}

} // namespace pgstatsmon
