// Looks at stamps; reads when one is another.
#include "actors/exposition/web_guard.hpp"

#include "config/log.hpp"
#include "messages/error.hpp"

#include <ctime>
#include <exception>

namespace pgstatsmon {

namespace {

constexpr std::chrono::seconds look_interval{1};

} // namespace

web_guard::web_guard(std::string file, const loaded_web_door& first,
                     std::function<void(const web_door&)> changed)
  : file_{std::move(file)},
    changed_{std::move(changed)},
    door_{first.door},
    next_look_{clock::time_point{}},
    files_{first.files},
    stamps_{first.stamps} {
  // nop
}

web_door_ptr web_guard::door(clock::time_point now) {
  auto due = next_look_.load();
  if (now >= due && next_look_.compare_exchange_strong(due, now + look_interval)) {
    try {
      look();
    } catch (const std::exception& e) {
      say(spdlog::level::err, log_event::internal_error, "{}: {}, what it said before stays", file_,
          e.what());
    }
  }
  return door_.load();
}

void web_guard::look() {
  std::lock_guard guard{mutex_};
  if (stamps_of(files_) == stamps_)
    return;
  auto loaded = load_web_door(file_, std::time(nullptr));
  stamps_ = std::move(loaded.stamps);
  files_ = std::move(loaded.files);
  if (loaded.door == nullptr) {
    say_lines(
      spdlog::level::err, {.event = log_event::web_config_refused},
      file_ + " changed and is wrong, what it said before stays: ", sentence_of(loaded.error));
    return;
  }
  for (const auto& x : loaded.door->warnings)
    say(spdlog::level::warn, log_event::web_config_warning, "{}", x);
  door_.store(loaded.door);
  say(spdlog::level::info, log_event::web_config_read, "{} was read again", file_);
  changed_(*loaded.door);
}

} // namespace pgstatsmon
