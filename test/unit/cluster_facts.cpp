// What a server answers about its place in its cluster.
#define SUITE cluster_facts

#include "actors/backend/cluster_facts.hpp"

#include "test/unit/rows.hpp"
#include "test/unit/test.hpp"

using namespace pgstatsmon;

namespace {

const std::vector<std::string> columns(8, "x");

constexpr auto null = std::nullopt;

test::row identity_row(const char* system = "7301") {
  return {"identity", system, "1700000000123456", "10.0.0.1", "5432", "main", "3", "true"};
}

test::row primary_row() {
  return {"server", "false", "16/B374D848", "0000000A", null, null, null, null};
}

} // namespace

TEST(a position is a number of bytes) {
  CHECK(parse_lsn("16/B374D848") == 0x16B374D848u);
  CHECK(parse_lsn("0/0") == 0u);
  CHECK(parse_lsn("FFFFFFFF/FFFFFFFF") == UINT64_MAX);
  for (const auto* x : {"", "/", "1", "1/", "/1", "1/g", "1/2 ", "100000000/0", "-1/0"})
    CHECK(!parse_lsn(x));
}

TEST(values of a conninfo) {
  constexpr std::string_view x = R"(user=u host = db1 application_name='a \'b\\ c' port=1)";
  CHECK_EQUAL(conninfo_value(x, "user"), "u");
  CHECK_EQUAL(conninfo_value(x, "host"), "db1");
  CHECK_EQUAL(conninfo_value(x, "application_name"), R"(a 'b\ c)");
  CHECK_EQUAL(conninfo_value(x, "port"), "1");
  CHECK_EQUAL(conninfo_value(x, "name"), "");
  CHECK_EQUAL(conninfo_value("", "user"), "");
  CHECK_EQUAL(conninfo_value("user", "user"), "");
  CHECK_EQUAL(conninfo_value("user='u", "user"), "u");
  CHECK_EQUAL(conninfo_value("=x user=u", "user"), "u");
  CHECK_EQUAL(conninfo_value("user=\\", "user"), "\\");
}

TEST(a primary with a client) {
  auto rows = test::make_rows(
    columns, {primary_row(),
              {"client", "two", "10.0.0.2", "slot", "streaming", "async", "0/10", "physical"},
              {"client", "sub", null, "s", "streaming", "async", "0/10", "logical"},
              {"client", null, null, null, null, null, null, null},
              identity_row()});
  auto x = read_cluster(*rows, nullptr);
  REQUIRE(x);
  CHECK(!x->standby);
  CHECK(x->position == 0x16B374D848u);
  CHECK_EQUAL(x->timeline, 10u);
  CHECK(!x->receiver);
  REQUIRE(x->clients.size() == 2u);
  CHECK_EQUAL(x->clients[0].application, "two");
  CHECK_EQUAL(x->clients[0].slot, "slot");
  CHECK(x->clients[0].replayed == 16u);
  CHECK(x->clients[1].application.empty());
  CHECK(!x->clients[1].replayed);
  CHECK(*x->identity
        == (server_identity{.system = "7301",
                            .started = 1700000000123456,
                            .address = "10.0.0.1",
                            .port = 5432,
                            .cluster_name = "main",
                            .timeline = 3}));
}

TEST(a standby with a receiver) {
  auto identity = std::make_shared<const server_identity>();
  auto rows =
    test::make_rows(columns, {{"server", "true", "0/20", null, "1.5", null, null, null},
                              {"receiver", "streaming", "db1", "5433", "slot",
                               "user=u host=x port=1 application_name='a b'", "7", "0.25"}});
  auto x = read_cluster(*rows, identity);
  REQUIRE(x);
  CHECK(x->standby);
  CHECK(x->identity == identity);
  CHECK(x->replay_age == 1.5);
  CHECK_EQUAL(x->timeline, 7u);
  REQUIRE(x->receiver);
  CHECK_EQUAL(x->receiver->host, "db1");
  CHECK_EQUAL(x->receiver->port, 5433);
  CHECK_EQUAL(x->receiver->application, "a b");
  CHECK_EQUAL(x->receiver->message_age, 0.25);
}

TEST(a version without columns for the sender has it in its conninfo) {
  auto rows = test::make_rows(
    columns, {{"server", "true", null, null, null, null, null, null},
              {"receiver", "streaming", null, null, null, "user=u host=db1 port=5433", "7", null},
              identity_row()});
  auto x = read_cluster(*rows, nullptr);
  REQUIRE(x);
  CHECK(!x->position);
  CHECK_EQUAL(x->receiver->host, "db1");
  CHECK_EQUAL(x->receiver->port, 5433);
}

TEST(a role that may not see the receiver sees that there is one) {
  auto rows = test::make_rows(columns, {{"server", "true", "0/1", null, null, null, null, null},
                                        {"receiver", null, null, null, null, null, null, null},
                                        identity_row()});
  auto x = read_cluster(*rows, nullptr);
  REQUIRE(x);
  REQUIRE(x->receiver);
  CHECK(x->receiver->status.empty());
  CHECK_EQUAL(x->timeline, 3u);
}

TEST(whether a standby streams at all may be hidden) {
  auto row = identity_row();
  row[7] = "false";
  CHECK(!read_cluster(*test::make_rows(columns, {primary_row(), row}), nullptr)->identity->streams);
  row[7] = null;
  CHECK(read_cluster(*test::make_rows(columns, {primary_row(), row}), nullptr)->identity->streams);
}

TEST(what is no answer is none) {
  CHECK(!read_cluster(*test::make_rows({"a"}, {{"server"}}), nullptr));
  CHECK(!read_cluster(*test::make_rows(columns, {}), nullptr));
  CHECK(!read_cluster(*test::make_rows(columns, {primary_row()}), nullptr));
  CHECK(!read_cluster(*test::make_rows(columns, {identity_row()}), nullptr));
}

TEST(what a server makes up is cut or no identifier) {
  auto long_one = std::string(100'000, 'x');
  auto row = identity_row("7\"}");
  row[5] = long_one;
  auto x = read_cluster(*test::make_rows(columns, {primary_row(), row}), nullptr);
  REQUIRE(x);
  CHECK(x->identity->system.empty());
  CHECK(x->identity->cluster_name.size() < 1000u);
}

TEST(clients are bounded) {
  std::vector<test::row> rows{primary_row(), identity_row()};
  for (size_t i = 0; i < 2 * server_report::max_clients; ++i)
    rows.push_back({"client", "a", null, null, "streaming", "async", "0/1", null});
  auto x = read_cluster(*test::make_rows(columns, rows), nullptr);
  CHECK_EQUAL(x->clients.size(), server_report::max_clients);
}

TEST(versions that say nothing of it are not asked) {
  CHECK(cluster_query(90500, true).empty());
  CHECK(cluster_query(90600, true).find("pg_last_xlog_replay_location()") != std::string::npos);
  CHECK(cluster_query(100000, true).find("pg_last_wal_replay_lsn()") != std::string::npos);
  CHECK(cluster_query(100000, true).find("sender_host") == std::string::npos);
  CHECK(cluster_query(110000, true).find("sender_host") != std::string::npos);
  CHECK(cluster_query(150000, false).find("pg_control_system") == std::string::npos);
}
