// `cluster` in the configuration: what is right, what is not and where.
#define SUITE cluster_settings

#include "test/unit/test.hpp"

#include "actors/cluster/fingerprint.hpp"
#include "actors/cluster/member_text.hpp"
#include "config/settings.hpp"
#include "messages/error.hpp"

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

std::string fault_of(const std::string& cluster) {
  auto x = parse_settings("static: {dbs: [{name: a, ip: 10.0.0.1}]}\n" + cluster, "f.yaml");
  return x ? "" : sentence_of(x.error());
}

settings read(const std::string& cluster) {
  auto x = parse_settings("static: {dbs: [{name: a, ip: 10.0.0.1}]}\n" + cluster, "f.yaml");
  if (!x)
    CAF_FAIL(sentence_of(x.error()));
  return *x;
}

} // namespace

TEST(without it the fleet is ours alone) {
  CHECK(!read("").cluster);
}

TEST(a host is enough) {
  auto x = read("target: {ip: 10.1.1.1, port: 9000}\ncluster: {postgres: {host: leases}}\n");
  REQUIRE(x.cluster.has_value());
  CHECK_EQUAL(x.cluster->postgres.host, "leases");
  CHECK(!x.cluster->member.empty());
  CHECK_EQUAL(x.cluster->advertise, "10.1.1.1:9000");
  CHECK(x.cluster->ttl == 15s);
  CHECK(!x.cluster->stop_when_cut_off);
}

TEST(an etcd is an engine too) {
  auto x = read("cluster: {etcd: {endpoints: ['http://h:2379']}}\n");
  REQUIRE(x.cluster.has_value());
  CHECK_EQUAL(x.cluster->etcd.how.endpoints.size(), 1u);
  CHECK_EQUAL(x.cluster->etcd.prefix, "/pgstatsmon");
  CHECK(x.cluster->postgres.host.empty());
  CHECK(explain(x, "http").find("leases of 15 s in 1 endpoint of etcd, /pgstatsmon/pgstatsmon/\n")
        != std::string::npos);
  auto y =
    read("cluster: {fleet: f, etcd: {endpoints: ['http://h', 'http://i'], namespace: a/b/}}\n");
  CHECK(explain(y, "http").find("in 2 endpoints of etcd, /a/b/f/\n") != std::string::npos);
  auto rows = read("cluster: {postgres: {host: leases}}\n");
  CHECK(explain(rows, "http").find("in PostgreSQL at leases:5432, schema pgstatsmon\n")
        != std::string::npos);
}

TEST(everything can be said) {
  auto x =
    read("cluster: {fleet: f, member: m, advertise: 'h:1', weight: 2.5, ttl: 10s, settle: 5s,"
         " max_moves: 10%, cut_off: stop, postgres: {host: h, port: 1, database: d, user: u,"
         " schema: s, parameters: {sslmode: disable}}}\n");
  const auto& y = *x.cluster;
  CHECK_EQUAL(y.fleet, "f");
  CHECK_EQUAL(y.member, "m");
  CHECK_EQUAL(y.weight, 2.5);
  CHECK_EQUAL(y.max_moves, 0.1);
  CHECK(y.stop_when_cut_off);
  CHECK_EQUAL(y.postgres.schema, "s");
}

TEST(faults say where they are) {
  CHECK_EQUAL(fault_of("cluster: {}\n"),
              "f.yaml:2:10: cluster: says nobody to keep leases, expected etcd or postgres");
  CHECK_EQUAL(fault_of("cluster: {etcd: {endpoints: ['http://h']}, postgres: {host: h}}\n"),
              "f.yaml:2:54: cluster.postgres: says the same as etcd, expected one of the two");
  CHECK_EQUAL(fault_of("cluster: {etcd: {namespace: /x}}\n"),
              "f.yaml:2:17: cluster.etcd: names no endpoints, expected their URLs");
  CHECK_EQUAL(fault_of("cluster: {fleet: a/b, etcd: {endpoints: ['http://h']}}\n"),
              "f.yaml:2:18: cluster.fleet: has a slash, expected none with etcd");
  CHECK_EQUAL(fault_of("cluster: {ttl: 1s, postgres: {host: h}}\n"),
              "f.yaml:2:16: cluster.ttl: is out of range, expected 5 s to 60 s");
  CHECK(fault_of("cluster: {cut_off: maybe, postgres: {host: h}}\n").find("keep, stop")
        != std::string::npos);
  CHECK(fault_of("cluster: {weight: 0, postgres: {host: h}}\n").starts_with("f.yaml:2:"));
  CHECK(read("shard: {index: 0, of: 2}\ncluster: {postgres: {host: h}}\n").warnings.size() == 1);
  CHECK(fault_of("target: {port: 0}\ncluster: {postgres: {host: h}}\n").find("cluster.advertise")
        != std::string::npos);
}

TEST(members with other queries or labels or backends have another fingerprint) {
  auto of = [](const std::string& more) {
    return fingerprint_of(read("cluster: {postgres: {host: h}}\n" + more), *built_in_catalogue());
  };
  CHECK_EQUAL(of(""), of(""));
  CHECK(of("") != of("target: {metadata: {dc: east}}\n"));
  CHECK(of("") != of("interval: 20s\n"));
  CHECK(of("") != of("backend_port: 5433\n"));
}

TEST(what a member says of itself comes back as it was) {
  member_record x{.id = "a \"b\"",
                  .address = "h:1",
                  .weight = 2,
                  .layout = 1,
                  .version = "v",
                  .fingerprint = "f",
                  .life = "l",
                  .leaving = true};
  CHECK(parse_member(to_text(x)) == x);
  CHECK(!parse_member("{}"));
  CHECK(!parse_member("nonsense"));
  x.weight = -1;
  CHECK(!parse_member(to_text(x)));
}
