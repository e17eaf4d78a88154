// Requests whose answers are not there at once: their connections sleep, and take no thread.
#pragma once

#include "actors/exposition/respond.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <set>

namespace pgstatsmon {

/// A request that waits for its answer.
class waiting_request {
public:
  explicit waiting_request(MHD_Connection* connection) : connection_{connection} {}

  /// What has come; for the thread that serves the connection, once it is awake again.
  [[nodiscard]] std::optional<http_response> take() { return std::exchange(answer_, std::nullopt); }

private:
  friend class late_answers;

  MHD_Connection* connection_; ///< Null: answered.
  std::optional<http_response> answer_;
};

using waiting_request_ptr = std::shared_ptr<waiting_request>;

/// All of them. Any thread.
class late_answers {
public:
  /// Sends a connection to sleep until its request is answered. For the thread that serves it.
  /// @returns null after close().
  waiting_request_ptr begin(MHD_Connection* connection);

  /// Answers a request and wakes its connection, if it still waits.
  void answer(const waiting_request_ptr& to, http_response with);

  /// Answers all with 503, and takes no more.
  void close() noexcept;

  /// Takes requests again.
  void open() noexcept;

private:
  std::mutex mutex_;
  std::set<waiting_request_ptr> waiting_;
  bool closed_ = false;
};

} // namespace pgstatsmon
