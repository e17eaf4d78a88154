// The SQL, and what its rows mean.
#include "actors/backend/cluster_facts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>

namespace pgstatsmon {

namespace {

constexpr int columns = 8;

/// Row kinds of cluster_query(), in its first column.
constexpr std::string_view of_server = "server";
constexpr std::string_view of_identity = "identity";
constexpr std::string_view of_receiver = "receiver";
constexpr std::string_view of_client = "client";

constexpr std::string_view identity_sql =
  R"(SELECT 'identity', c.system_identifier::pg_catalog.text,
 pg_catalog.floor(pg_catalog.date_part('epoch', pg_catalog.pg_postmaster_start_time())
   OPERATOR(pg_catalog.*) 1000000)::numeric::pg_catalog.text,
 pg_catalog.host(pg_catalog.inet_server_addr()), pg_catalog.inet_server_port()::pg_catalog.text,
 pg_catalog.current_setting('cluster_name', true), k.timeline_id::pg_catalog.text, {}
 FROM pg_catalog.pg_control_system() c CROSS JOIN pg_catalog.pg_control_checkpoint() k)";

constexpr std::string_view conninfo_is_set = R"(CASE WHEN (SELECT
 pg_catalog.pg_has_role(r.oid, 'USAGE') FROM pg_catalog.pg_roles r
 WHERE r.rolname OPERATOR(pg_catalog.=) 'pg_read_all_settings')
 THEN (pg_catalog.current_setting('primary_conninfo', true) OPERATOR(pg_catalog.<>) '')::pg_catalog.text END)";

// One text serves both roles: a promotion between planning and running must not call what only the
// other role may call.
constexpr std::string_view server_sql =
  R"(SELECT 'server'::pg_catalog.text, r.standby::pg_catalog.text,
 CASE WHEN r.standby THEN pg_catalog.pg_last_{0}_replay_{1}()
   ELSE pg_catalog.pg_current_{0}_flush_{1}() END::pg_catalog.text,
 CASE WHEN NOT r.standby THEN pg_catalog.substr(
   pg_catalog.pg_{0}file_name(pg_catalog.pg_current_{0}_{1}()), 1, 8) END,
 CASE WHEN r.standby THEN pg_catalog.date_part('epoch', pg_catalog.statement_timestamp()
   OPERATOR(pg_catalog.-) pg_catalog.pg_last_xact_replay_timestamp())::pg_catalog.text END,
 NULL::pg_catalog.text, NULL::pg_catalog.text, NULL::pg_catalog.text
 FROM (SELECT pg_catalog.pg_is_in_recovery() AS standby OFFSET 0) r)";

constexpr std::string_view receiver_sql =
  R"(SELECT 'receiver', w.status, {}, w.slot_name::pg_catalog.text,
 w.conninfo, w.received_tli::pg_catalog.text, pg_catalog.date_part('epoch', pg_catalog.statement_timestamp()
   OPERATOR(pg_catalog.-) w.last_msg_receipt_time)::pg_catalog.text
 FROM pg_catalog.pg_stat_wal_receiver w)";

constexpr std::string_view client_sql = R"(SELECT 'client', a.application_name,
 pg_catalog.host(a.client_addr), s.slot_name::pg_catalog.text, w.state, w.sync_state, w.replay_{}::pg_catalog.text,
 s.slot_type
 FROM pg_catalog.pg_stat_get_wal_senders() w
 JOIN LATERAL pg_catalog.pg_stat_get_activity(w.pid) a ON true
 LEFT JOIN pg_catalog.pg_get_replication_slots() s ON s.active_pid OPERATOR(pg_catalog.=) w.pid)";

/// No name is longer, of those that a server makes; what it makes up is cut.
constexpr size_t longest_name = 256;
constexpr size_t longest_conninfo = 4096;

/// The text of a field; empty for NULL.
std::string text_of(const PGresult& rows, int row, int column, size_t longest = longest_name) {
  return {PQgetvalue(&rows, row, column),
          std::min(static_cast<size_t>(PQgetlength(&rows, row, column)), longest)};
}

/// A system identifier; empty where it is none.
std::string system_of(const PGresult& rows, int row, int column) {
  constexpr size_t digits = 20;
  auto result = text_of(rows, row, column);
  auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return result.size() <= digits && std::ranges::all_of(result, is_digit) ? result : std::string{};
}

template <class T>
T number_of(const PGresult& rows, int row, int column, int base = 10) {
  T result{};
  const auto* begin = PQgetvalue(&rows, row, column);
  const auto* end = begin + PQgetlength(&rows, row, column);
  if (std::from_chars(begin, end, result, base).ec != std::errc{})
    return T{};
  return result;
}

std::optional<double> seconds_of(const PGresult& rows, int row, int column) {
  double result = 0;
  const auto* begin = PQgetvalue(&rows, row, column);
  const auto* end = begin + PQgetlength(&rows, row, column);
  auto [stop, error] = std::from_chars(begin, end, result);
  return error == std::errc{} && stop == end ? std::optional{result} : std::nullopt;
}

std::optional<uint64_t> position_of(const PGresult& rows, int row, int column) {
  return parse_lsn(
    {PQgetvalue(&rows, row, column), static_cast<size_t>(PQgetlength(&rows, row, column))});
}

identity_ptr identity_of(const PGresult& rows, int row) {
  return std::make_shared<const server_identity>(
    server_identity{.system = system_of(rows, row, 1),
                    .started = number_of<int64_t>(rows, row, 2),
                    .address = text_of(rows, row, 3),
                    .port = number_of<uint16_t>(rows, row, 4),
                    .cluster_name = text_of(rows, row, 5),
                    .timeline = number_of<uint32_t>(rows, row, 6),
                    .streams = text_of(rows, row, 7) != "false"});
}

/// 10 shows its sender in its conninfo alone, as 9.6 does.
wal_receiver receiver_of(const PGresult& rows, int row) {
  auto conninfo = text_of(rows, row, 5, longest_conninfo);
  wal_receiver result{.status = text_of(rows, row, 1),
                      .host = text_of(rows, row, 2),
                      .port = number_of<uint16_t>(rows, row, 3),
                      .slot = text_of(rows, row, 4),
                      .application = conninfo_value(conninfo, "application_name"),
                      .timeline = number_of<uint32_t>(rows, row, 6),
                      .message_age = seconds_of(rows, row, 7).value_or(0)};
  if (result.host.empty())
    result.host = conninfo_value(conninfo, "host");
  if (result.port == 0) {
    auto port = conninfo_value(conninfo, "port");
    std::from_chars(port.data(), port.data() + port.size(), result.port);
  }
  return result;
}

wal_client client_of(const PGresult& rows, int row) {
  return {.application = text_of(rows, row, 1),
          .address = text_of(rows, row, 2),
          .slot = text_of(rows, row, 3),
          .state = text_of(rows, row, 4),
          .sync = text_of(rows, row, 5),
          .replayed = position_of(rows, row, 6)};
}

} // namespace

std::string cluster_query(int32_t server_version, bool with_identity) {
  if (server_version < first_with_cluster)
    return {};
  auto old = server_version < 100000;
  auto server = fmt::format(server_sql, old ? "xlog" : "wal", old ? "location" : "lsn");
  auto receiver = fmt::format(receiver_sql, server_version < 110000
                                              ? "NULL::pg_catalog.text, NULL::pg_catalog.text"
                                              : "w.sender_host, w.sender_port::pg_catalog.text");
  auto client = fmt::format(client_sql, old ? "location" : "lsn");
  auto result = fmt::format("{} UNION ALL {} UNION ALL {}", server, receiver, client);
  if (with_identity)
    // Before 12 it stood in recovery.conf.
    result += " UNION ALL "
              + fmt::format(identity_sql, server_version < 120000
                                            ? std::string_view{"NULL::pg_catalog.text"}
                                            : conninfo_is_set);
  return result;
}

std::optional<server_report> read_cluster(const PGresult& rows, const identity_ptr& identity) {
  if (PQnfields(&rows) != columns)
    return std::nullopt;
  server_report result;
  result.identity = identity;
  auto complete = false;
  for (int i = 0; i < PQntuples(&rows); ++i) {
    std::string_view kind{PQgetvalue(&rows, i, 0)};
    if (kind == of_server) {
      complete = true;
      result.standby = text_of(rows, i, 1) == "true";
      result.position = position_of(rows, i, 2);
      result.timeline = number_of<uint32_t>(rows, i, 3, 16);
      result.replay_age = seconds_of(rows, i, 4);
    } else if (kind == of_receiver) {
      result.receiver = receiver_of(rows, i);
    } else if (kind == of_client) {
      // A subscriber is of no cluster.
      if (text_of(rows, i, 7) != "logical" && result.clients.size() < server_report::max_clients)
        result.clients.push_back(client_of(rows, i));
    } else if (kind == of_identity) {
      result.identity = identity_of(rows, i);
    }
  }
  if (!complete || result.identity == nullptr)
    return std::nullopt;
  if (result.standby && result.receiver)
    result.timeline = result.receiver->timeline;
  if (result.timeline == 0)
    result.timeline = result.identity->timeline;
  return result;
}

std::optional<uint64_t> parse_lsn(std::string_view x) noexcept {
  uint32_t high = 0;
  uint32_t low = 0;
  constexpr int hexadecimal = 16;
  const auto* end = x.data() + x.size();
  auto [slash, first_error] = std::from_chars(x.data(), end, high, hexadecimal);
  if (first_error != std::errc{} || slash == end || *slash != '/')
    return std::nullopt;
  auto [stop, second_error] = std::from_chars(slash + 1, end, low, hexadecimal);
  if (second_error != std::errc{} || stop != end)
    return std::nullopt;
  return uint64_t{high} << 32U | low;
}

// PQconninfoParse() would look up and copy every keyword that libpq knows, with each poll.
std::string conninfo_value(std::string_view conninfo, std::string_view keyword) {
  size_t i = 0;
  auto skip_blanks = [&] {
    while (i < conninfo.size() && conninfo[i] == ' ')
      ++i;
  };
  auto take_value = [&] {
    std::string value;
    auto quoted = i < conninfo.size() && conninfo[i] == '\'';
    for (i += quoted ? 1 : 0; i < conninfo.size(); ++i) {
      if (conninfo[i] == (quoted ? '\'' : ' '))
        break;
      if (conninfo[i] == '\\' && i + 1 < conninfo.size())
        ++i;
      value += conninfo[i];
    }
    i += quoted ? 1 : 0;
    return value;
  };
  while (i < conninfo.size()) {
    skip_blanks();
    auto equals = conninfo.find('=', i);
    if (equals == std::string_view::npos)
      break;
    auto name = conninfo.substr(i, equals - i);
    while (name.ends_with(' '))
      name.remove_suffix(1);
    i = equals + 1;
    skip_blanks();
    auto value = take_value();
    if (name == keyword)
      return value;
  }
  return {};
}

} // namespace pgstatsmon
