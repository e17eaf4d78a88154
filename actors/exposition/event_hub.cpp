// Listeners as libmicrohttpd sees them: suspended while there is nothing to send.
#include "actors/exposition/event_hub.hpp"

#include "config/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>

#include <microhttpd.h>

namespace pgstatsmon {

namespace {

/// Of events, at a time.
constexpr size_t chunk = 16'384;

std::shared_ptr<const std::string> make_event(std::string_view name, std::string_view data) {
  return std::make_shared<const std::string>(fmt::format("event: {}\ndata: {}\n\n", name, data));
}

} // namespace

/// One client. It is its response's, and stands in its hub while it lives.
struct event_listener {
  event_listener(std::shared_ptr<event_hub> from, MHD_Connection* to, std::function<void()> said)
    : hub{std::move(from)}, connection{to}, progress{std::move(said)} {
    std::lock_guard guard{hub->mutex_};
    next = hub->first_ + hub->events_.size();
    current = hub->greeting_;
    hub->listeners_.insert(this);
  }

  event_listener(const event_listener&) = delete;
  event_listener& operator=(const event_listener&) = delete;

  ~event_listener() {
    std::lock_guard guard{hub->mutex_};
    hub->listeners_.erase(this);
  }

  /// Makes the next event the current one, if there is any. Under the hub's lock.
  bool advance() {
    auto end = hub->first_ + hub->events_.size();
    if (next == end)
      return false;
    if (next < hub->first_) {
      current = make_event("reload", "{}");
      next = end;
    } else {
      current = hub->events_[next++ - hub->first_];
    }
    done = 0;
    return true;
  }

  ssize_t read(char* to, size_t max) {
    progress();
    std::lock_guard guard{hub->mutex_};
    if (hub->closed_)
      return MHD_CONTENT_READER_END_OF_STREAM;
    if ((current == nullptr || done == current->size()) && !advance()) {
      asleep = true;
      MHD_suspend_connection(connection);
      return 0;
    }
    auto n = current->copy(to, max, done);
    done += n;
    return static_cast<ssize_t>(n);
  }

  std::shared_ptr<event_hub> hub;
  MHD_Connection* connection;
  std::function<void()> progress;
  std::shared_ptr<const std::string> current;
  size_t done = 0;     ///< Bytes of current that were sent.
  uint64_t next = 0;   ///< Number of the event after it.
  bool asleep = false; ///< Its connection is suspended.
};

void event_hub::set_greeting(std::string_view name, std::string_view data) {
  auto x = make_event(name, data);
  std::lock_guard guard{mutex_};
  greeting_ = std::move(x);
}

void event_hub::publish(std::string_view name, std::string_view data) {
  auto x = make_event(name, data);
  std::lock_guard guard{mutex_};
  bytes_ += x->size();
  events_.push_back(std::move(x));
  while (events_.size() > max_events || bytes_ > max_bytes) {
    bytes_ -= events_.front()->size();
    events_.pop_front();
    ++first_;
  }
  wake_all();
}

bool event_hub::has_place() const {
  std::lock_guard guard{mutex_};
  return !closed_ && listeners_.size() < max_listeners_;
}

size_t event_hub::listeners() const {
  std::lock_guard guard{mutex_};
  return listeners_.size();
}

void event_hub::close() noexcept {
  std::lock_guard guard{mutex_};
  closed_ = true;
  wake_all();
}

void event_hub::open() noexcept {
  std::lock_guard guard{mutex_};
  closed_ = false;
}

// A connection that is not suspended must not be resumed: it would not sleep the next time.
void event_hub::wake_all() noexcept {
  for (auto* x : listeners_)
    if (std::exchange(x->asleep, false))
      MHD_resume_connection(x->connection);
}

namespace {

ssize_t read_events(void* listener, uint64_t, char* to, size_t max) noexcept {
  try {
    return static_cast<event_listener*>(listener)->read(to, max);
  } catch (const std::exception& e) {
    say(spdlog::level::err, log_event::internal_error, "http: events were cut off: {}", e.what());
    return MHD_CONTENT_READER_END_WITH_ERROR;
  }
}

void free_listener(void* listener) noexcept {
  delete static_cast<event_listener*>(listener);
}

} // namespace

MHD_Response* stream_events(const std::shared_ptr<event_hub>& from, MHD_Connection* to,
                            std::function<void()> progress) {
  auto listener = std::make_unique<event_listener>(from, to, std::move(progress));
  auto* response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, chunk, read_events,
                                                     listener.get(), free_listener);
  if (response != nullptr)
    static_cast<void>(listener.release()); // free_listener's now
  return response;
}

} // namespace pgstatsmon
