// Directories of Unix sockets in place of an address.
#define SUITE socket_directory

#include "config/socket_directory.hpp"

#include "test/unit/test.hpp"

#include "config/settings.hpp"

using namespace pgstatsmon;

TEST(a path or an abstract name is a directory of sockets) {
  CHECK(is_socket_directory("/run/postgresql"));
  CHECK(is_socket_directory("@postgresql"));
  CHECK(!is_socket_directory("db1"));
  CHECK(!is_socket_directory("run/postgresql"));
}

TEST(a path that a socket address has no room for is a fault) {
  CHECK_EQUAL(socket_directory_fault("/run/postgresql"), "");
  CHECK_EQUAL(socket_directory_fault("/run/with blank"), "");
  CHECK_EQUAL(socket_directory_fault('/' + std::string(91, 'x')), "");
  CHECK(!socket_directory_fault('/' + std::string(92, 'x')).empty());
  CHECK(!socket_directory_fault("/run/a,b").empty());
  CHECK(!socket_directory_fault("/run/a\nb").empty());
  CHECK(!socket_directory_fault("@").empty());
}

TEST(a static backend may be a directory and so may the parameter host) {
  auto good = parse_settings(R"({"static": {"dbs": [{"name": "a", "ip": "/run/postgresql"}]},
    "connections": {"parameters": {"host": "/run/postgresql"}}})",
                             "f");
  REQUIRE(good.engaged());
  CHECK_EQUAL(good->static_backends.at(0).ip, "/run/postgresql");
  CHECK(good->connections.parameters == (connect_parameters{{"host", "/run/postgresql"}}));
  for (const auto* text : {R"({"connections": {"parameters": {"host": "db1"}}})",
                           R"({"static": {"dbs": [{"name": "a", "ip": "/run/a,b"}]}})",
                           R"({"dns": {"names": ["/run/postgresql"]}})"})
    CHECK(!parse_settings(text, "f").engaged());
}
