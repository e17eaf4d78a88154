// The session with the console of a pgbouncer: the simple query protocol, a query at a time.
#include "actors/backend/pq_connection.hpp"
#include "actors/backend/pq_session.hpp"

#include <string>
#include <utility>
#include <vector>

namespace pgstatsmon {

namespace {

class console_session final : public pq_connection {
public:
  using pq_connection::pq_connection;

  std::optional<session_error> send(const std::vector<statement>& flight) override {
    begin_flight(flight.size());
    queries_.clear();
    for (const auto& each : flight)
      queries_.push_back(each.sql);
    return send_next();
  }

  [[nodiscard]] canceller_ptr cancellation() const override { return nullptr; }

protected:
  bool enter_mode() override { return true; }

  std::optional<session_error> collect(const result_handler& on_result) override {
    auto* connection = native();
    // Handles ParameterStatus and FATAL messages also while nothing is pending.
    auto busy = PQisBusy(connection) != 0;
    while (!busy && pending() > 0) {
      if (auto result = share(PQgetResult(connection))) {
        take(std::move(result));
      } else {
        if (PQstatus(connection) == CONNECTION_BAD)
          return std::nullopt;
        complete(on_result);
        if (auto error = send_next())
          return error;
      }
      busy = PQisBusy(connection) != 0;
    }
    return std::nullopt;
  }

private:
  std::optional<session_error> send_next() {
    if (pending() == 0)
      return std::nullopt;
    if (PQsendQuery(native(), queries_[next()].c_str()) != 1)
      return broken();
    return flush();
  }

  void take(std::shared_ptr<const PGresult> result) {
    switch (PQresultStatus(result.get())) {
    case PGRES_TUPLES_OK: take_rows(std::move(result)); break;
    case PGRES_FATAL_ERROR: take_error(*result); break;
    default: break; // a command without rows
    }
  }

  std::vector<std::string> queries_; ///< Of the flight.
};

} // namespace

session_factory console_sessions(std::shared_ptr<fleet_bytes> fleet) {
  return [fleet = std::move(fleet)] { return std::make_unique<console_session>(fleet); };
}

} // namespace pgstatsmon
