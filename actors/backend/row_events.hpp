// The rows of a query as events: what each says, or how they differ from those before. Pure.
#pragma once

#include "config/catalogue.hpp"
#include "config/log_event.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <libpq-fe.h>

namespace pgstatsmon {

/// What is told of a row.
struct row_event {
  log_event event = log_event::none;
  std::string sentence;
  std::string details; ///< As log_fields::details.
};

/// What an answer tells.
struct told_rows {
  std::vector<row_event> events;
  size_t more = 0;       ///< Events that are left out, as there are too many.
  bool too_many = false; ///< More rows than are compared, so no change is known. Said once.
};

/// Makes events of the answers of one database, and remembers those that are compared.
class row_events_memory {
public:
  static constexpr size_t max_told = 100;        ///< Events of one answer.
  static constexpr size_t max_compared = 20'000; ///< Rows of one answer.
  static constexpr size_t max_row_bytes = 4096;  ///< Of a row, in an event.

  /// The first answer is no change.
  /// @param query Index of `of`, which has events, into catalogue::queries().
  /// @param server What tells servers apart: the rows of another one are no change. Empty: it is
  /// not known, and taken for the one of before.
  told_rows take(size_t query, const query_definition& of, const std::string& server,
                 const PGresult& rows);

private:
  /// For each key, as JSON, a hash of its rows.
  using answer = std::unordered_map<std::string, size_t>;

  /// What is kept of a query's newest answer.
  struct memory {
    std::string server;
    std::optional<answer> rows; ///< Nothing: there is none, or it was too large.
    bool too_many = false;
  };

  static answer read(const query_definition& of, const PGresult& rows);

  static told_rows compare(const query_definition& of, const PGresult& rows, const answer& before,
                           const answer& now);

  std::map<size_t, memory> memories_; ///< By query.
};

} // namespace pgstatsmon
