// The watches of a client: each begins at the present, says so, and begins anew when it ends.
#include "actors/etcd/etcd_engine.hpp"

namespace pgstatsmon {

namespace {

/// A watch that lived for less has failed.
constexpr std::chrono::seconds good_life{5};

} // namespace

void etcd_engine::watch(uint64_t number, std::string prefix,
                        std::function<bool(std::string_view)> matters, std::function<void()> hint) {
  watcher x;
  x.prefix = std::move(prefix);
  x.matters = std::move(matters);
  x.hint = std::move(hint);
  watchers_.emplace(number, std::move(x));
}

void etcd_engine::unwatch(uint64_t number) {
  auto i = watchers_.find(number);
  if (i == watchers_.end())
    return;
  if (i->second.id != 0)
    steps_.push_back({i->second.id, std::nullopt});
  watchers_.erase(i);
}

void etcd_engine::open(watcher& x, time_point now) {
  auto endpoint = endpoints_.pick(now);
  if (!endpoint) {
    x.not_before = endpoints_.next();
    return;
  }
  if (!ready(*endpoint)) {
    x.not_before = now + std::chrono::milliseconds{100};
    return probe(now);
  }
  auto call = call_to(*endpoint, watch_request(x.prefix));
  // etcd ends a watch at a member that has no leader, if it is told to.
  call.headers.emplace_back("Grpc-Metadata-hasleader", "true");
  call.stream = true;
  call.timeout = watch_life;
  x.id = ++last_id_;
  x.endpoint = *endpoint;
  x.open = false;
  x.since = now;
  x.stream = {};
  ++counts_.requests;
  steps_.push_back({x.id, std::move(call)});
}

/// Gets an endpoint ready by a call that does nothing else.
void etcd_engine::probe(time_point now) {
  if (probing_)
    return;
  probing_ = true;
  submit({.request = {.path = {}, .body = {}, .reads = true},
          .first = false,
          .done = [this](const outcome&, time_point) { probing_ = false; }},
         now);
}

bool etcd_engine::piece(uint64_t id, std::string_view x, time_point now) {
  for (auto& [number, watch] : watchers_) {
    if (watch.id != id)
      continue;
    for (const auto& object : watch.stream.add(x))
      if (!understood(watch, object, now))
        return false;
    return !watch.stream.broken();
  }
  return false;
}

/// @returns false: the watch is at its end.
bool etcd_engine::understood(watcher& x, const std::string& object, time_point now) {
  using kind = etcd_watch_message::kind;
  auto answer = read_answer(200, object);
  if (const auto* error = std::get_if<etcd_error>(&answer)) {
    if (error->token)
      lose_token();
    else
      endpoints_.failed(x.endpoint, now);
    return false;
  }
  const auto& document = std::get<etcd_document>(answer);
  auto message = read_watch(document);
  if (message.token)
    lose_token();
  if (message.what == kind::ended)
    return false;
  if (!identity_.judge(document.header, {}, now).empty()) {
    endpoints_.failed(x.endpoint, now);
    return false;
  }
  if (message.what == kind::created) {
    x.open = true;
    x.hint();
    return true;
  }
  for (const auto& key : message.keys)
    if (!x.matters || x.matters(key)) {
      x.hint();
      break;
    }
  return true;
}

void etcd_engine::closed(watcher& x, time_point now) {
  ++counts_.watch_restarts;
  auto good = x.open && now - x.since >= good_life;
  x.failures = good ? 0 : x.failures + 1;
  x.not_before = good ? now : now + etcd_backoff(x.failures, random_());
  x.id = 0;
  x.open = false;
}

} // namespace pgstatsmon
