// The rows of a query as events: what each says, or how they differ from those before. Pure.
#pragma once

#include "config/catalogue.hpp"
#include "config/log_event.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
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

/// An answer of which the keys are known, and of all else whether it is the same: some 40 bytes a
/// row.
class hashed_rows {
public:
  /// A key and all rows that have it.
  struct entry {
    uint32_t begin = 0; ///< Of the key.
    uint32_t size = 0;
    uint64_t hash = 0;
    int row = 0; ///< The first of them, in the answer that this was made of.
  };

  /// @param key Columns.
  hashed_rows(const PGresult& rows, const std::vector<int>& key);

  /// In the order of their keys.
  [[nodiscard]] const std::vector<entry>& entries() const noexcept { return entries_; }

  /// The values of the key's columns, a JSON array.
  [[nodiscard]] std::string_view key_of(const entry& x) const {
    return std::string_view{keys_}.substr(x.begin, x.size);
  }

private:
  std::string keys_;
  std::vector<entry> entries_;
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
  /// What is kept of a query's newest answer.
  struct memory {
    std::string server;
    std::optional<hashed_rows> rows; ///< Nothing: there is none, or it was too large.
    bool too_many = false;
  };

  std::map<size_t, memory> memories_; ///< By query.
};

} // namespace pgstatsmon
