// The thread: an inbox, the engine, and HTTP.
#include "actors/etcd/etcd_client.hpp"

#include "actors/http/http_multi.hpp"
#include "config/settings.hpp"

#include <condition_variable>
#include <fstream>
#include <mutex>
#include <random>

namespace pgstatsmon {

namespace {

using std::chrono::ceil;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr size_t max_password_line = 4096;

http_settings limits_of(const etcd_settings& x) {
  http_settings result;
  result.connect_timeout = x.connect_timeout;
  result.request_timeout = x.request_timeout;
  result.ca_file = x.ca_file;
  result.certificate_file = x.certificate_file;
  result.key_file = x.key_file;
  result.max_body_bytes = x.max_body_bytes;
  return result;
}

std::optional<std::pair<std::string, std::string>> read_user(const std::string& file) {
  std::string line;
  std::ifstream in{file};
  if (!std::getline(in, line) || line.size() > max_password_line)
    return std::nullopt;
  if (line.ends_with('\r'))
    line.pop_back();
  auto colon = line.find(':');
  if (colon == std::string::npos)
    return std::nullopt;
  return std::pair{line.substr(0, colon), line.substr(colon + 1)};
}

etcd_engine engine_for(const etcd_settings& how) {
  etcd_engine::credentials who;
  if (!how.password_file.empty())
    who = [file = how.password_file] { return read_user(file); };
  return {how, std::move(who), [engine = std::mt19937_64{std::random_device{}()}]() mutable {
            return std::uniform_real_distribution<>{}(engine);
          }};
}

/// Hands a document to its reader and the result to whoever waits; a problem as it is.
template <class T, class Read>
auto handed(etcd_done<T> done, Read read) {
  return [done = std::move(done), read = std::move(read)](etcd_engine::outcome x,
                                                          steady_clock::time_point sent) {
    if (auto* problem = std::get_if<etcd_problem>(&x))
      done(std::move(*problem));
    else
      done(read(std::get<etcd_document>(x), sent));
  };
}

etcd_result<etcd_lease> lease_of(const etcd_document& x, steady_clock::time_point sent) {
  auto result = read_lease(x);
  result.sent = sent;
  if (result.ttl.count() <= 0)
    return etcd_problem{etcd_failure::lost, "the lease is gone"};
  return result;
}

} // namespace

/// What other threads leave for the client's. Outlives the client for those who hold a watch.
struct etcd_client::inbox {
  std::mutex mutex;
  std::vector<std::function<void(etcd_engine&)>> tasks;
  http_multi* multi = nullptr; // to be woken, while the thread runs
  bool ended = false;
  etcd_counts counts;
  uint64_t watches = 0; // numbers that were given
};

etcd_client::etcd_client(etcd_settings how, etcd_metrics_ptr metrics)
  : how_{std::move(how)},
    metrics_{std::move(metrics)},
    inbox_{std::make_shared<inbox>()},
    thread_{[this](const std::stop_token& stop) { run(stop); }} {}

etcd_client::~etcd_client() = default;

void etcd_client::run(const std::stop_token& stop) {
  http_multi multi;
  auto engine = engine_for(how_);
  auto limits = limits_of(how_);
  {
    std::lock_guard guard{inbox_->mutex};
    inbox_->multi = &multi;
  }
  std::stop_callback wake{stop, [&multi] { multi.wake(); }};
  etcd_counts shown;
  while (!stop.stop_requested()) {
    std::vector<std::function<void(etcd_engine&)>> tasks;
    {
      std::lock_guard guard{inbox_->mutex};
      tasks.swap(inbox_->tasks);
      inbox_->counts = engine.counts();
    }
    if (auto times = engine.take_times(); metrics_ != nullptr) {
      metrics_->add(engine.counts() - shown, times);
      shown = engine.counts();
    }
    for (auto& task : tasks)
      task(engine);
    engine.tick(steady_clock::now());
    for (auto& [id, call] : engine.take()) {
      if (!call) {
        multi.drop(id);
        continue;
      }
      http_sink sink;
      if (call->stream)
        sink = [&engine, number = id](std::string_view x) {
          return engine.piece(number, x, steady_clock::now());
        };
      multi.begin(id, std::move(*call), limits, std::move(sink));
    }
    auto now = steady_clock::now();
    for (auto& [id, answer] : multi.run(ceil<milliseconds>(engine.next(now) - now)))
      engine.answered(id, std::move(answer), steady_clock::now());
  }
  std::vector<std::function<void(etcd_engine&)>> tasks;
  {
    std::lock_guard guard{inbox_->mutex};
    inbox_->multi = nullptr;
    inbox_->ended = true;
    tasks.swap(inbox_->tasks);
  }
  for (auto& task : tasks)
    task(engine);
  engine.end();
}

void etcd_client::post(std::function<void(etcd_engine&)> what) {
  std::lock_guard guard{inbox_->mutex};
  inbox_->tasks.push_back(std::move(what));
  if (inbox_->multi != nullptr)
    inbox_->multi->wake();
}

void etcd_client::submit(etcd_request request, bool first,
                         std::function<void(etcd_engine::outcome, etcd_engine::time_point)> done) {
  auto begin = steady_clock::now();
  post([job = etcd_engine::job{std::move(request), first, std::move(done)},
        begin](etcd_engine& to) mutable { to.submit(std::move(job), begin); });
}

void etcd_client::range(std::string prefix, etcd_done<etcd_range> done) {
  submit(range_request(prefix), false,
         handed<etcd_range>(std::move(done), [](const etcd_document& x, auto) {
           return etcd_result<etcd_range>{read_range(x)};
         }));
}

void etcd_client::put(etcd_put x, etcd_done<etcd_written> done) {
  submit(put_request(x), x.lease != 0,
         handed<etcd_written>(std::move(done), [](const etcd_document& y, auto) {
           return etcd_result<etcd_written>{etcd_written{y.header.revision}};
         }));
}

void etcd_client::create(std::vector<etcd_create> xs, etcd_done<std::vector<etcd_created>> done) {
  using result = std::vector<etcd_created>;
  auto request = create_request(xs);
  submit(std::move(request), false,
         handed<result>(std::move(done), [xs = std::move(xs)](const etcd_document& y, auto) {
           return etcd_result<result>{read_created(y, xs)};
         }));
}

void etcd_client::remove(std::vector<etcd_remove> xs, etcd_done<std::vector<etcd_removed>> done) {
  using result = std::vector<etcd_removed>;
  submit(remove_request(xs), false,
         handed<result>(std::move(done), [count = xs.size()](const etcd_document& y, auto) {
           return etcd_result<result>{read_removed(y, count)};
         }));
}

void etcd_client::grant(std::chrono::seconds ttl, etcd_done<etcd_lease> done) {
  submit(grant_request(ttl), true, handed<etcd_lease>(std::move(done), lease_of));
}

void etcd_client::keepalive(int64_t lease, etcd_done<etcd_lease> done) {
  submit(keepalive_request(lease), true, handed<etcd_lease>(std::move(done), lease_of));
}

void etcd_client::revoke(int64_t lease, etcd_done<etcd_revoked> done) {
  submit(revoke_request(lease), true,
         handed<etcd_revoked>(std::move(done), [](const etcd_document&, auto) {
           return etcd_result<etcd_revoked>{etcd_revoked{}};
         }));
}

std::shared_ptr<void> etcd_client::watch(std::string prefix,
                                         std::function<bool(std::string_view)> matters,
                                         std::function<void()> hint) {
  uint64_t number = 0;
  {
    std::lock_guard guard{inbox_->mutex};
    number = ++inbox_->watches;
  }
  post([number, prefix = std::move(prefix), matters = std::move(matters),
        hint = std::move(hint)](etcd_engine& to) mutable {
    to.watch(number, std::move(prefix), std::move(matters), std::move(hint));
  });
  auto end = [box = inbox_, number](void*) {
    std::lock_guard guard{box->mutex};
    if (box->ended)
      return;
    box->tasks.emplace_back([number](etcd_engine& to) { to.unwatch(number); });
    if (box->multi != nullptr)
      box->multi->wake();
  };
  return {static_cast<void*>(inbox_.get()), std::move(end)};
}

etcd_counts etcd_client::counts() const {
  std::lock_guard guard{inbox_->mutex};
  return inbox_->counts;
}

etcd_result<etcd_range> range_now(etcd_api& of, const std::string& prefix,
                                  const std::stop_token& stop) {
  struct answer {
    std::mutex mutex;
    std::condition_variable_any there;
    std::optional<etcd_result<etcd_range>> value;
  };
  auto shared = std::make_shared<answer>();
  of.range(prefix, [shared](etcd_result<etcd_range> x) {
    std::lock_guard guard{shared->mutex};
    shared->value = std::move(x);
    shared->there.notify_all();
  });
  std::unique_lock guard{shared->mutex};
  if (!shared->there.wait(guard, stop, [&] { return shared->value.has_value(); }))
    return etcd_problem{etcd_failure::ended, "given up"};
  return std::move(*shared->value);
}

} // namespace pgstatsmon
