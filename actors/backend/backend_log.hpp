// What is logged about one backend: under its name, at its own level, few of what many say alike.
#pragma once

#include "actors/backend/log_summary.hpp"
#include "actors/backend/row_events.hpp"
#include "actors/registry/server_report.hpp"
#include "config/log.hpp"

#include <caf/actor_clock.hpp>
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace pgstatsmon {

/// Of an actor's state that has one backend: its lines begin with the backend's name, which stands
/// in their fields, too. Every line is an event of its own, whether it is written or not.
class backend_log {
public:
  /// Whom a line is about.
  struct subject {
    const std::string& backend;        ///< Its name.
    identity_ptr server;               ///< Null: not known.
    const own_log_level& level;        ///< The backend's own.
    log_summary* alike;                ///< Null: every line is written.
    caf::actor_clock::time_point when; ///< Now.
  };

protected:
  virtual ~backend_log() = default;

  [[nodiscard]] virtual subject spoken_of() const = 0;

  /// Logs about the backend.
  template <class... Args>
  void say(spdlog::level::level_enum level, log_fields fields, fmt::format_string<Args...> form,
           Args&&... args) const {
    auto of = spoken_of();
    name(of, fields);
    if (is_logged(of.level, level) || is_kept(fields))
      log_about(of.level, level, fields, "backend {}: {}", of.backend,
                fmt::format(form, std::forward<Args>(args)...));
  }

  template <class... Args>
  void say(spdlog::level::level_enum level, log_event event, fmt::format_string<Args...> form,
           Args&&... args) const {
    say(level, log_fields{.event = event}, form, std::forward<Args>(args)...);
  }

  template <class... Args>
  void say(spdlog::level::level_enum level, fmt::format_string<Args...> form,
           Args&&... args) const {
    say(level, log_fields{}, form, std::forward<Args>(args)...);
  }

  /// Logs what many backends may have to say at the same time. `kind` is what the summary says of
  /// them. A backend with a log level of its own has every line.
  template <class... Args>
  void say_one_of_many(spdlog::level::level_enum level, log_fields fields, std::string_view kind,
                       fmt::format_string<Args...> form, Args&&... args) const {
    auto of = spoken_of();
    auto* alike = of.level == no_own_level ? of.alike : nullptr;
    if (is_logged(of.level, level)
        && (alike == nullptr || alike->worth_a_line(level, kind, of.backend, of.when)))
      say(level, std::move(fields), form, std::forward<Args>(args)...);
    else if (is_kept(fields)) {
      name(of, fields);
      keep_event(
        level, fields,
        fmt::format("backend {}: {}", of.backend, fmt::format(form, std::forward<Args>(args)...)));
    }
  }

  /// Logs what the rows of a query tell that has events.
  /// @param memory Of the database that was asked.
  /// @param query Index of `of` into catalogue::queries().
  /// @param database Whose rows they are; empty: the server's.
  void tell_rows(row_events_memory& memory, size_t query, const query_definition& of,
                 std::string_view database, const PGresult& rows) const;

private:
  static void name(const subject& of, log_fields& fields) {
    fields.backend = of.backend;
    if (of.server)
      fields.cluster = of.server->system;
  }
};

} // namespace pgstatsmon
