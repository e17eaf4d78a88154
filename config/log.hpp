// The log: one event a line on stderr, for people, for machines or for the journal.
#pragma once

#include "config/event_log.hpp"
#include "config/log_fields.hpp"
#include "config/settings.hpp"

#include <fmt/format.h>
#include <spdlog/common.h>
#include <spdlog/details/log_msg.h>
#include <spdlog/formatter.h>
#include <spdlog/logger.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace pgstatsmon {

/// The level of a name (trace, debug, info, warn, error, fatal) or of bunyan's number (10 to 60;
/// what lies between two levels is the upper one); nothing when it is neither.
std::optional<spdlog::level::level_enum> parse_log_level(std::string_view x) noexcept;

/// Whether `journal_stream`, JOURNAL_STREAM's value or null, says that the descriptor is the
/// journal's.
bool is_journal(const char* journal_stream, int descriptor) noexcept;

/// How lines look. Shared by the logger's thread and whoever changes it.
struct line_form {
  std::atomic<log_settings::form> format = log_settings::form::human;
  bool journal = false; ///< A priority `<N>` first, and no time in the human form.
};

/// Makes a line of a message, whatever bytes it has: control characters are escaped, what is not
/// UTF-8 as well (in JSON: replaced by U+FFFD). A message is cut after 16 KiB.
///
/// human: `2026-01-02T03:04:05.678Z info  message`
/// JSON:
/// `{"time":"2026-01-02T03:04:05.678Z","level":"info","event":"...","backend":"...","msg":"message"}`,
/// with the members of log_fields that the line has.
class line_formatter : public spdlog::formatter {
public:
  explicit line_formatter(std::shared_ptr<const line_form> form);

  void format(const spdlog::details::log_msg& msg, spdlog::memory_buf_t& to) override;
  [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override;

private:
  std::shared_ptr<const line_form> form_;
};

/// Makes spdlog's default logger ours: the environment's LOG_LEVEL wins over the settings (an
/// unknown one is a warning). Lines are written by a thread of their own; the queue holds 8192 and
/// drops the oldest when it is full, so that who logs never waits. Called again, it only changes
/// level and format, and from any thread; the first call comes before other threads log.
void start_logging(const log_settings& x);

/// Changes the general level only. Any thread.
void set_log_level(spdlog::level::level_enum x);

/// The general level.
spdlog::level::level_enum log_level();

/// Its name, as log_settings and the console write it.
std::string_view log_level_name(spdlog::level::level_enum x) noexcept;

/// The log level of a part of the program that has one of its own: spdlog's number. Any thread.
using own_log_level = std::atomic<int>;

/// The part has none: the general level holds.
constexpr int no_own_level = -1;

/// Whether a part's line of this level is written.
bool is_logged(const own_log_level& own, spdlog::level::level_enum x);

/// Whether a line of this level is written by the general level.
bool is_logged(spdlog::level::level_enum x);

/// The sentence of a line that say() or log_about() wrote, without its fields.
std::string_view sentence_of(const spdlog::details::log_msg& line) noexcept;

/// Its fields as to_json_members() has them; empty when it has none.
std::string_view members_of(const spdlog::details::log_msg& line) noexcept;

/// Gives a line to a logger, in the form that sentence_of() and members_of() read.
void write_line(spdlog::logger& to, spdlog::level::level_enum x, const log_fields& fields,
                std::string_view line);

/// Writes a line, whatever the general level.
void write_log(spdlog::level::level_enum x, const log_fields& fields, std::string_view line);

/// Logs: a sentence, and what programs want to know of it. Whoever speaks for himself calls this;
/// tests see what it wrote (test/unit/captured_log.hpp). An event goes to events.file, too,
/// whatever the level.
template <class... Args>
void say(spdlog::level::level_enum x, const log_fields& fields, fmt::format_string<Args...> form,
         Args&&... args) noexcept {
  try {
    auto logged = is_logged(x);
    auto kept = is_kept(fields);
    if (!logged && !kept)
      return;
    auto line = fmt::format(form, std::forward<Args>(args)...);
    if (logged)
      write_log(x, fields, line);
    if (kept)
      keep_event(x, fields, line);
  } catch (const std::exception&) {
    // Out of memory: whoever logs is often in the middle of a failure, and has enough of it.
  }
}

/// Logs an event that is about nothing in particular.
template <class... Args>
void say(spdlog::level::level_enum x, log_event event, fmt::format_string<Args...> form,
         Args&&... args) noexcept {
  say(x, log_fields{.event = event}, form, std::forward<Args>(args)...);
}

/// Logs what only people look at: debug and trace.
template <class... Args>
void say(spdlog::level::level_enum x, fmt::format_string<Args...> form, Args&&... args) noexcept {
  say(x, log_fields{}, form, std::forward<Args>(args)...);
}

/// Logs each line of a text as an event of its own.
void say_lines(spdlog::level::level_enum x, const log_fields& fields, std::string_view prefix,
               std::string_view text);

/// Logs about a part of the program that may have a level of its own.
template <class... Args>
void log_about(const own_log_level& own, spdlog::level::level_enum x, const log_fields& fields,
               fmt::format_string<Args...> form, Args&&... args) {
  auto logged = is_logged(own, x);
  auto kept = is_kept(fields);
  if (!logged && !kept)
    return;
  auto line = fmt::format(form, std::forward<Args>(args)...);
  if (logged)
    write_log(x, fields, line);
  if (kept)
    keep_event(x, fields, line);
}

/// Lines that were dropped because stderr was too slow. Any thread.
uint64_t lost_log_lines();

/// Writes what is queued, for at most `patience`, and ends the thread. What is logged later is
/// written at once, or dropped when stderr does not take it. Call it when no other thread logs.
void stop_logging(std::chrono::milliseconds patience = std::chrono::seconds{2});

} // namespace pgstatsmon
