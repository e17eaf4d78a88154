// SQL and rows.
#include "actors/cluster/lease_rows.hpp"

#include "actors/cluster/member_text.hpp"
#include "actors/cluster/slots.hpp"
#include "messages/error.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <chrono>
#include <map>
#include <string_view>

#include <libpq-fe.h>

namespace pgstatsmon {

namespace {

/// A literal, whatever standard_conforming_strings is.
std::string literal(std::string_view text) {
  std::string result = "E'";
  for (char c : text) {
    if (c == '\'' || c == '\\')
      result += c;
    if (c != '\0')
      result += c;
  }
  return result + '\'';
}

std::string identifier(std::string_view name) {
  std::string result = "\"";
  for (char c : name) {
    if (c == '"')
      result += c;
    if (c != '\0')
      result += c;
  }
  return result + '"';
}

/// Statements about one fleet.
class writer {
public:
  explicit writer(const lease_place& where)
    : schema_{identifier(where.schema)}, fleet_{literal(where.fleet)}, where_{where} {}

  [[nodiscard]] std::string lock() const {
    constexpr int ours = 1'885'500'275;
    return fmt::format("SELECT pg_catalog.pg_advisory_xact_lock({}, pg_catalog.hashtext({}))", ours,
                       literal(where_.schema + '/' + where_.fleet));
  }

  [[nodiscard]] std::string end_members() const {
    return fmt::format("DELETE FROM {}.member WHERE fleet OPERATOR(pg_catalog.=) {}"
                       " AND ends OPERATOR(pg_catalog.<=) pg_catalog.clock_timestamp()",
                       schema_, fleet_);
  }

  /// The slots of members that are no longer there.
  [[nodiscard]] std::string end_slots() const {
    return fmt::format("DELETE FROM {0}.slot s WHERE s.fleet OPERATOR(pg_catalog.=) {1}"
                       " AND NOT EXISTS (SELECT FROM {0}.member m"
                       " WHERE m.fleet OPERATOR(pg_catalog.=) s.fleet"
                       " AND m.id OPERATOR(pg_catalog.=) s.member)",
                       schema_, fleet_);
  }

  [[nodiscard]] std::string raise_layout(uint32_t layout) const {
    return fmt::format("INSERT INTO {0}.fleet AS f (name, layout) VALUES ({1}, {2})"
                       " ON CONFLICT (name) DO UPDATE SET layout = excluded.layout"
                       " WHERE f.layout OPERATOR(pg_catalog.<) excluded.layout",
                       schema_, fleet_, layout);
  }

  [[nodiscard]] std::string prolong(const member_record& self, caf::timespan ttl) const {
    auto seconds = std::chrono::duration<double>{ttl}.count();
    return fmt::format(
      "INSERT INTO {0}.member AS m (fleet, id, life, since, ends, record)"
      " SELECT {1}, {2}, {3}, t.now, t.now OPERATOR(pg_catalog.+) interval '{4} s', {5}"
      " FROM (SELECT pg_catalog.clock_timestamp() AS now) t"
      " ON CONFLICT (fleet, id) DO UPDATE SET ends = excluded.ends, record = excluded.record"
      " WHERE m.life OPERATOR(pg_catalog.=) excluded.life",
      schema_, fleet_, literal(self.id), literal(self.life), seconds, literal(to_text(self)));
  }

  [[nodiscard]] std::string release(const member_record& self,
                                    const std::vector<owned_slot>& slots) const {
    std::vector<std::string> rows;
    for (const auto& x : slots)
      rows.push_back(fmt::format("({}, {}::bigint)", x.slot, x.fence));
    return fmt::format("DELETE FROM {}.slot s USING (VALUES {}) r(slot, fence)"
                       " WHERE s.fleet OPERATOR(pg_catalog.=) {}"
                       " AND s.member OPERATOR(pg_catalog.=) {}"
                       " AND s.slot OPERATOR(pg_catalog.=) r.slot"
                       " AND s.fence OPERATOR(pg_catalog.=) r.fence",
                       schema_, fmt::join(rows, ", "), fleet_, literal(self.id));
  }

  [[nodiscard]] std::string claim(const member_record& self,
                                  const std::vector<uint16_t>& slots) const {
    return fmt::format("INSERT INTO {0}.slot (fleet, slot, member) SELECT {1}, c.slot, {2}"
                       " FROM pg_catalog.unnest('{{{3}}}'::integer[]) c(slot)"
                       " WHERE EXISTS (SELECT FROM {0}.member m"
                       " WHERE m.fleet OPERATOR(pg_catalog.=) {1}"
                       " AND m.id OPERATOR(pg_catalog.=) {2}"
                       " AND m.life OPERATOR(pg_catalog.=) {4})"
                       " ON CONFLICT DO NOTHING",
                       schema_, fleet_, literal(self.id), fmt::join(slots, ","),
                       literal(self.life));
  }

  [[nodiscard]] std::string leave(const member_record& self) const {
    return fmt::format("DELETE FROM {}.member WHERE fleet OPERATOR(pg_catalog.=) {}"
                       " AND id OPERATOR(pg_catalog.=) {} AND life OPERATOR(pg_catalog.=) {}",
                       schema_, fleet_, literal(self.id), literal(self.life));
  }

  [[nodiscard]] std::string members() const {
    return fmt::format(
      "SELECT m.id, m.life, m.record, pg_catalog.date_part('epoch',"
      " pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) m.since) AS age,"
      " (SELECT f.layout FROM {0}.fleet f WHERE f.name OPERATOR(pg_catalog.=) {1}) AS layout"
      " FROM {0}.member m WHERE m.fleet OPERATOR(pg_catalog.=) {1}"
      " AND m.ends OPERATOR(pg_catalog.>) pg_catalog.clock_timestamp()"
      " ORDER BY m.id COLLATE pg_catalog.\"C\"",
      schema_, fleet_);
  }

  [[nodiscard]] std::string slots() const {
    return fmt::format("SELECT s.slot, s.member, s.fence FROM {}.slot s"
                       " WHERE s.fleet OPERATOR(pg_catalog.=) {}",
                       schema_, fleet_);
  }

private:
  std::string schema_;
  std::string fleet_;
  const lease_place& where_;
};

std::string_view text_at(const PGresult* rows, int row, int column) {
  return {PQgetvalue(rows, row, column), static_cast<size_t>(PQgetlength(rows, row, column))};
}

template <class T>
T number_at(const PGresult* rows, int row, int column) {
  T result{};
  auto text = text_at(rows, row, column);
  std::from_chars(text.data(), text.data() + text.size(), result);
  return result;
}

caf::error wrong(std::string what) {
  return caf::make_error(ec::cluster_failed, std::move(what));
}

} // namespace

std::vector<std::string> table_statements(const lease_place& where) {
  auto schema = identifier(where.schema);
  std::vector<std::string> result;
  result.push_back(writer{where}.lock());
  result.push_back(fmt::format("CREATE SCHEMA IF NOT EXISTS {}", schema));
  result.push_back(fmt::format("CREATE TABLE IF NOT EXISTS {}.fleet"
                               " (name text PRIMARY KEY, layout integer NOT NULL)",
                               schema));
  result.push_back(fmt::format("CREATE TABLE IF NOT EXISTS {}.member (fleet text, id text,"
                               " life text NOT NULL, since timestamptz NOT NULL,"
                               " ends timestamptz NOT NULL, record text NOT NULL,"
                               " PRIMARY KEY (fleet, id))",
                               schema));
  result.push_back(fmt::format("CREATE TABLE IF NOT EXISTS {}.slot (fleet text, slot integer,"
                               " member text NOT NULL, fence bigserial,"
                               " PRIMARY KEY (fleet, slot))",
                               schema));
  return result;
}

std::vector<std::string> order_statements(const lease_place& where, const engine_order& order) {
  writer w{where};
  std::vector<std::string> result;
  if (order.prolong || order.leave || order.layout > 0 || !order.release.empty()
      || !order.claim.empty()) {
    result = {w.lock(), w.end_members(), w.end_slots()};
    if (order.layout > 0)
      result.push_back(w.raise_layout(order.layout));
    if (order.prolong)
      result.push_back(w.prolong(order.self, order.ttl));
    if (!order.release.empty())
      result.push_back(w.release(order.self, order.release));
    if (!order.claim.empty())
      result.push_back(w.claim(order.self, order.claim));
    if (order.leave) {
      result.push_back(w.leave(order.self));
      result.push_back(w.end_slots());
    }
  }
  result.push_back(w.members());
  result.push_back(w.slots());
  return result;
}

caf::expected<engine_view_ptr> view_of(const pg_result* members, const pg_result* slots,
                                       const member_record& self) {
  if (members == nullptr || slots == nullptr || PQnfields(members) != 5 || PQnfields(slots) != 3)
    return wrong("the tables of leases do not answer as they should");
  auto result = std::make_shared<engine_view>();
  std::map<std::string, int16_t, std::less<>> numbers;
  for (int i = 0; i < PQntuples(members); ++i) {
    auto record = parse_member(text_at(members, i, 2));
    auto id = text_at(members, i, 0);
    if (!record || record->id != id)
      return wrong(fmt::format("what member {} says of itself can't be read", id));
    if (id == self.id) {
      auto ours = text_at(members, i, 1) == self.life;
      result->held = ours;
      result->taken = !ours;
    }
    numbers.emplace(id, static_cast<int16_t>(i));
    auto age = std::chrono::duration<double>{number_at<double>(members, i, 3)};
    result->members.push_back({std::move(*record), std::chrono::duration_cast<caf::timespan>(age)});
    result->layout = number_at<uint32_t>(members, i, 4);
  }
  result->owners.fill(-1);
  for (int i = 0; i < PQntuples(slots); ++i) {
    auto slot = number_at<uint32_t>(slots, i, 0);
    // Whose lease has ended has nothing, though nobody has deleted it yet.
    auto owner = numbers.find(text_at(slots, i, 1));
    if (slot >= slot_count || owner == numbers.end())
      continue;
    result->owners[slot] = owner->second;
    result->fences[slot] = number_at<uint64_t>(slots, i, 2);
  }
  return engine_view_ptr{std::move(result)};
}

} // namespace pgstatsmon
