// A session of the command line's own with one server, which waits for each answer.
#pragma once

#include "config/result_shape.hpp"
#include "messages/backend.hpp"

#include <caf/expected.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <libpq-fe.h>

namespace pgstatsmon {

/// Connected, with the settings that a session has that polls. Errors are ec::connect_failed or,
/// of SQL, ec::bad_configuration, with what the server said as one line.
class lint_session {
public:
  using result_ptr = std::shared_ptr<const PGresult>;

  /// Waits ten seconds for each address, unless connect_timeout says otherwise.
  /// @param conninfo As libpq takes it: `host=… dbname=…`, or a URI.
  static caf::expected<lint_session> open(const std::string& conninfo);

  /// `127.0.0.1:5432/app`.
  [[nodiscard]] std::string name() const;
  [[nodiscard]] int32_t version() const;

  /// The rows of a query. Waits 15 seconds at most, as describe() does.
  caf::expected<result_ptr> ask(const std::string& sql);

  /// Whether this is the console of a pgbouncer, which takes show() and nothing else.
  [[nodiscard]] bool is_console() const;

  /// What a console shows, in the simple query protocol. Waits as ask() does.
  caf::expected<result_ptr> show(const std::string& command);

  /// The columns that SQL delivers. It is prepared, and not executed.
  caf::expected<std::vector<result_column>> describe(const std::string& sql);

private:
  /// @param with_options What poolers and their consoles refuse.
  lint_session(const std::string& conninfo, bool with_options);

  caf::error pin();
  caf::expected<result_ptr> answer();
  [[nodiscard]] std::string trouble() const;

  std::unique_ptr<PGconn, decltype(&PQfinish)> connection_;
};

} // namespace pgstatsmon
