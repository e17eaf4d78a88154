// Configuration files, right and wrong.
#define SUITE settings

#include "config/settings.hpp"

#include "test/unit/test.hpp"

#include "config/catalogue.hpp"
#include "config/values.hpp"
#include "messages/error.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

/// What parsing says against a text; empty when it says nothing.
std::string faults_of(std::string_view text) {
  auto result = parse_settings(text, "f");
  if (result)
    return {};
  CHECK_EQUAL(result.error(), ec::bad_configuration);
  return context_of(result.error());
}

settings parsed(std::string_view text) {
  auto result = parse_settings(text, "f");
  if (!result)
    CAF_FAIL(context_of(result.error()));
  return std::move(*result);
}

/// A configuration that is right but for what is added, on lines from 2.
std::string with(std::string_view text) {
  return "static: {dbs: []}\n" + std::string{text};
}

// The file that Triton deploys, with the values that Manta gives it.
constexpr std::string_view deployed = R"({
	"interval": 60000,
	"connections": {
		"query_timeout": 1000,
		"connect_timeout": 3000,
		"connect_retries": 3
	},
	"target": {
		"ip": "0.0.0.0",
		"port": 8881,
		"route": "/metrics",
		"metadata": {
			"datacenter": "us-east-1"
		}
	},
	"user": "pgstatsmon",
	"database": "moray",
	"backend_port": 5432,
	"vmapi": {
		"url": "http://vmapi.us-east-1.example.com",
		"pollInterval": 60000,
		"tags": {
			"vm_tag_name": "manta_role",
			"vm_tag_value": "*postgres",
			"nic_tag": "manta"
		}
	},
	"roles": {
		"postgres": {
			"database": "moray"
		},
		"buckets-postgres": {
			"database": "buckets_metadata"
		}
	}
}
)";

// The static form, as the original's own documentation shows it.
constexpr std::string_view original_static = R"({
	"interval": 2000,
	"connections": {
		"query_timeout": 1000, "max_connections": 10,
		"connect_timeout": 3000, "connect_retries": 3
	},
	"static": {
		"dbs": [
			{ "name": "primary", "ip": "10.99.99.16" },
			{ "name": "sync", "ip": "fd00::17" }
		]
	},
	"target": {
		"ip": "0.0.0.0", "port": 9187, "route": "/metrics",
		"metadata": { " zone ": " a1 ", "rack": 7, "canary": true }
	},
	"user": "pgstatsmon", "database": "moray", "backend_port": 5433
}
)";

struct bad_file {
  std::string_view text;
  std::string_view lines;
};

// One wrong thing each, unless the point is that there are several.
const bad_file bad_files[] = {
  // -- not a document ----
  {"", "f: is empty"},
  {"# nothing\n", "f: is empty"},
  {"interval", "f:1:1: is a string, expected an object"},
  {"[1]", "f:1:1: is a list, expected an object"},
  {"{\"interval\": 1,\n \"user\" 2}", "f:2:9: is neither YAML nor JSON: end of map flow not found"},
  {"a:\n\tb: 1\n", "f:2:3: is neither YAML nor JSON: illegal map value"},
  {"static: {}\n---\nstatic: {}\n", "f:3:1: a second document, expected one"},
  {"a: &x [*x]\n", "f:1:8: is neither YAML nor JSON: an alias of what it stands in"},
  // -- keys ----
  {"static: {}\nintervall: 1000\n", "f:2:1: intervall: unknown key, did you mean 'interval'?"},
  {"static: {}\nconnections: {queryTimeout: 1}\n",
   "f:2:15: connections.queryTimeout: unknown key, did you mean 'query_timeout'?"},
  {"static: {}\nconsole: {colour: 1}\n",
   "f:2:11: console.colour: unknown key, expected one of socket"},
  {"static: {}\nquery_timeout: 1000\n",
   "f:2:1: query_timeout: unknown key here, it belongs to 'connections.query_timeout'"},
  {"static: {}\nlog: {colour: true}\n",
   "f:2:7: log.colour: unknown key, expected one of format, level"},
  {"static: {}\n\"a\\nb\": 1\nlog: {}\n",
   "f:2:1: \"a\\nb\": unknown key, expected one of interval, stale_after, user, password_file, "
   "database, backend_port, queries, collect, tables, budget, activity, databases, families, "
   "own_metrics, state_dir, shard, connections, target, cluster, "
   "setup, log, events, web, console, discovery, roles, static, vmapi, file, http_sd, dns, "
   "patroni"},
  {"static: {}\nuser: a\nport: 1\nuser: b\n",
   "f:3:1: port: unknown key here, it belongs to 'target.port'\n"
   "f:4:1: user: is given twice, first on line 2"},
  {"static: {}\n? [1]\n: 1\n", "f:2:3: a key is a list, expected a string"},
  {"static: {}\ntarget: {metadata: {a: 1, a: 2, ' a': 3}}\n",
   "f:2:27: target.metadata.a: is given twice, first on line 2\n"
   "f:2:39: target.metadata.\" a\": is given twice"},
  {"static: {}\nweb: {orders: true}\n",
   "f:2:15: web.orders: needs users, expected web.config with basic_auth_users"},
  // -- types and ranges ----
  {"static: {}\ninterval: 0\n",
   "f:2:11: interval: is 0, expected 1 ms to 24 h: milliseconds or a time like \"10s\""},
  {"static: {}\ninterval: -5\n",
   "f:2:11: interval: is -5, expected 1 ms to 24 h: milliseconds or a time like \"10s\""},
  {"static: {}\ninterval: 1e999\n",
   "f:2:11: interval: is 1e999, expected 1 ms to 24 h: milliseconds or a time like \"10s\""},
  {"static: {}\ninterval: 25h\n",
   "f:2:11: interval: is 25h, expected 1 ms to 24 h: milliseconds or a time like \"10s\""},
  {"static: {}\ninterval: 10 parsecs\n",
   "f:2:11: interval: is no time, expected milliseconds or a time like \"10s\""},
  {"static: {}\ninterval: \"1000\"\n",
   "f:2:11: interval: is no time, expected milliseconds or a time like \"10s\""},
  {"static: {}\ninterval: [10]\n",
   "f:2:11: interval: is a list, expected milliseconds or a time like \"10s\""},
  {"static: {}\ninterval:\n",
   "f:2:1: interval: has no value, expected milliseconds or a time like \"10s\""},
  {"static: {}\nstale_after: 9s\n",
   "f:2:14: stale_after: is less than interval: everything would be stale before its next poll"},
  {"static: {}\nuser: 5\n", "f:2:7: user: is a number, expected a string: put it in quotes"},
  {"static: {}\nuser: ''\n", "f:2:7: user: is empty, expected a string"},
  {"static: {}\nuser: \"a\\0b\"\n",
   "f:2:7: user: has a control character, expected a string of one line"},
  {"static: {}\nbackend_port: 0\n",
   "f:2:15: backend_port: is 0, expected a whole number from 1 to 65535"},
  {"static: {}\nbackend_port: 54.5\n",
   "f:2:15: backend_port: is 54.5, expected a whole number from 1 to 65535"},
  {"static: {}\nbackend_port: \"5432\"\n",
   "f:2:15: backend_port: is a string, expected a whole number from 1 to 65535"},
  {"static: {}\nconnections: []\n", "f:2:14: connections: is a list, expected an object"},
  {"static: {}\nconnections: {guards: yes}\n",
   "f:2:23: connections.guards: is a string, expected true or false"},
  {"static: {}\nbudget: {server: 5}\n",
   "f:2:18: budget.server: is no share, expected one from \"0.01%\" to \"100%\", or \"off\""},
  {"static: {}\nbudget: {server: 120%}\n",
   "f:2:18: budget.server: is no share, expected one from \"0.01%\" to \"100%\", or \"off\""},
  {"static: {}\nactivity: {sample: 50ms}\n", "f:2:20: activity.sample: is less than 100 ms"},
  {"static: {dbs: [{name: a, ip: x, kind: pgbouncer, activity: {sample: 1s}}]}\n",
   "f:1:60: static.dbs[0].activity: watches sessions of a PostgreSQL server, expected none with "
   "kind: pgbouncer"},
  {"static: {}\nevents: {file: /, max_bytes: 1}\n",
   "f:2:16: events.file: is a directory, expected a file, or stdout\n"
   "f:2:30: events.max_bytes: is 1, expected 64 KiB to 1048576 MiB: bytes or a size like "
   "\"16MiB\""},
  {"static: {}\nconnections: {max_in_flight: 1001}\n",
   "f:2:30: connections.max_in_flight: is 1001, expected a whole number from 1 to 1000"},
  {"static: {}\nconnections: {max_query_bytes: 16MB, max_poll_bytes: 1KiB, max_fleet_bytes: []}\n",
   "f:2:32: connections.max_query_bytes: is no size, expected bytes or a size like \"16MiB\"\n"
   "f:2:54: connections.max_poll_bytes: is 1KiB, expected 64 KiB to 4096 MiB: bytes or a size "
   "like \"16MiB\"\n"
   "f:2:77: connections.max_fleet_bytes: is a list, expected bytes or a size like \"16MiB\""},
  {"static: {}\nconnections: {max_query_bytes: 2MiB, max_poll_bytes: 1MiB, max_fleet_bytes: "
   "65536}\n",
   "f:2:54: connections.max_poll_bytes: is less than max_query_bytes\n"
   "f:2:77: connections.max_fleet_bytes: is less than max_poll_bytes"},
  {"static: {}\nlog: {format: xml, level: loud}\n",
   "f:2:15: log.format: is none of its values, expected one of human, json\n"
   "f:2:27: log.level: is none of its values, expected one of trace, debug, info, warn, error, "
   "fatal"},
  // -- the page ----
  {"static: {}\ntarget: {ip: example.com, port: 65536, route: metrics}\n",
   "f:2:14: target.ip: is no address, expected a literal IPv4 or IPv6 address\n"
   "f:2:33: target.port: is 65536, expected a whole number from 0 to 65535\n"
   "f:2:47: target.route: is no path, expected one like /metrics: letters, digits and -._~/"},
  {"static: {}\ntarget: {route: /api/v1/backends}\n",
   "f:2:17: target.route: is taken, expected another path than /, /probe, /-/ and /api/"},
  {"static: {}\ntarget: {metadata: {backend: x, 1st: x, __name__: x, schemaname: x, ok: {}}}\n",
   "f:2:30: target.metadata.backend: is a label of our own metrics, expected another name\n"
   "f:2:38: target.metadata.1st: is no label name, expected letters, digits and _, no digit "
   "first\n"
   "f:2:51: target.metadata.__name__: is no label name, those that begin with __ are Prometheus' "
   "own\n"
   "f:2:73: target.metadata.ok: is an object, expected a string, a number or a boolean"},
  // -- libpq's parameters ----
  {"static: {}\nconnections: {parameters: {sslmod: require, host: h, dbname: d, user: u}}\n",
   "f:2:36: connections.parameters.sslmod: unknown libpq keyword, did you mean 'sslmode'?\n"
   "f:2:51: connections.parameters.host: is not allowed here but for a directory of Unix sockets, "
   "discovery says where a backend is\n"
   "f:2:62: connections.parameters.dbname: is not allowed here, expected the option database\n"
   "f:2:71: connections.parameters.user: is not allowed here, expected the option user"},
  {"static: {}\nconnections: {parameters: {password: hunter2, sslmode: on, options: -c a=b}}\n",
   "f:2:38: connections.parameters.password: is not allowed here, no secret belongs into this "
   "file: expected password_file, or libpq's passfile\n"
   "f:2:56: connections.parameters.sslmode: is none of its values, expected one of disable, "
   "allow, prefer, require, verify-ca, verify-full\n"
   "f:2:69: connections.parameters.options: is not allowed here, it carries the guards: expected "
   "guards: false with it"},
  {"static: {}\nconnections: {parameters: {sslrootcert: /nonexistent/ca.pem}}\n",
   "f:2:41: connections.parameters.sslrootcert: /nonexistent/ca.pem: No such file or directory, "
   "expected a file that can be read"},
  // -- files ----
  {"static: {}\npassword_file: hunter2\n", "f:2:16: password_file: the file: No such file or "
                                           "directory, expected a file that can be read"},
  {"static: {}\npassword_file: /\n",
   "f:2:16: password_file: / is a directory, expected a file that can be read"},
  {"static: {}\nqueries: /dev/null\n",
   "f:2:10: queries: /dev/null: Permission denied, expected a directory that can be read"},
  {"static: {}\nstate_dir: /dev/null\n",
   "f:2:12: state_dir: is no directory, expected one, or nothing yet"},
  // -- the static list ----
  {"static: {dbs: {}}\n", "f:1:15: static.dbs: is an object, expected a list"},
  {"static: {dbs: [{}, x]}\n",
   "f:1:16: static.dbs[0].name: is missing, expected a name\n"
   "f:1:16: static.dbs[0].ip: is missing, expected an address or a host name\n"
   "f:1:20: static.dbs[1]: is a string, expected an object\n"
   "f:1:20: static.dbs[1].name: is missing, expected a name\n"
   "f:1:20: static.dbs[1].ip: is missing, expected an address or a host name"},
  {"static:\n  dbs:\n  - {name: a, ip: 10.0.0.1}\n  - {name: b, ip: 10.0.0.1, port: 5432}\n"
   "  - {name: c, ip: 10.0.0.1, port: 5433}\n",
   "f:4:5: static.dbs[1]: is the same server and database as static.dbs[0] on line 3"},
  {"static: {dbs: [{name: a, ip: 10.0.0.256, port: 0}, {name: b, ip: '[::1]', user: ''}]}\n",
   "f:1:30: static.dbs[0].ip: is neither a literal address nor a host name\n"
   "f:1:48: static.dbs[0].port: is 0, expected a whole number from 1 to 65535\n"
   "f:1:66: static.dbs[1].ip: has brackets, expected ::1\n"
   "f:1:81: static.dbs[1].user: is empty, expected a string"},
  {"roles: {shard: {}}\nstatic: {dbs: [{name: a, ip: h, role: none, database: d}]}\n",
   "f:1:16: roles.shard.database: is missing, expected the name of a database\n"
   "f:2:39: static.dbs[0].role: is no role, expected a key of roles\n"
   "f:2:39: static.dbs[0].role: both say the database, expected role or database"},
  // -- what other programs call it ----
  {"static: {dbs: [{name: a, host: 10.0.0.1}]}\n",
   "f:1:16: static.dbs[0].ip: is missing, expected an address or a host name\n"
   "f:1:26: static.dbs[0].host: unknown key, did you mean 'ip'?"},
  {"static: {dbs: [{name: a, ip: '10.0.0.1:5433', dbname: d}, {name: b, ip: '[::1]:5433'}]}\n",
   "f:1:30: static.dbs[0].ip: has a port in it, expected 10.0.0.1 alone, and port: 5433\n"
   "f:1:47: static.dbs[0].dbname: unknown key, did you mean 'database'?\n"
   "f:1:73: static.dbs[1].ip: has a port in it, expected ::1 alone, and port: 5433"},
  {"static: {dbs: [{name: a, ip: h, password: x}]}\n",
   "f:1:33: static.dbs[0].password: unknown key, no secret belongs into this file: expected "
   "'password_file', which names a file that has it"},
  {"static: {}\ntarget: {password: x}\n",
   "f:2:10: target.password: unknown key, and no secret belongs into this file"},
  {"static: {}\nconsole: {password_file: /dev/null}\n",
   "f:2:11: console.password_file: unknown key here, it belongs to the top level"},
  {"static: {}\nconnections: {query_timeout: {{QUERY_TIMEOUT}}}\n",
   "f:2:30: connections.query_timeout: is {{...}}, a template that nobody has filled in, expected "
   "milliseconds or a time like \"10s\""},
  {"static: {}\nstate_dir: /dev/null/x\n",
   "f:2:12: state_dir: can't be made: what it is in is no directory"},
  {"static: {}\nqueries: {add: /dev/null, ad: x}\n",
   "f:2:16: queries.add: /dev/null: Permission denied, expected a directory that can be read\n"
   "f:2:27: queries.ad: unknown key, did you mean 'add'?"},
  // -- sources ----
  {"interval: 1000\n",
   "f:1:1: names no discovery source, expected static, vmapi, file, http_sd, dns or patroni"},
  {"patroni: {}\n", "f:1:10: patroni: says nobody to be asked, expected etcd or rest"},
  {"patroni: {etcd: {}}\n", "f:1:17: patroni.etcd: names no endpoints, expected their URLs"},
  {"patroni:\n  etcd: {endpoints: [h:2379, 'http://h:2379/v3', 'http://h', 'http://h/']}\n",
   "f:2:22: patroni.etcd.endpoints[0]: is no URL of ours, expected http://HOST or https://HOST, "
   "with a path perhaps\n"
   "f:2:30: patroni.etcd.endpoints[1]: has a path, expected http://HOST:PORT or https://HOST:PORT\n"
   "f:2:62: patroni.etcd.endpoints[3]: is given twice"},
  {"patroni:\n  etcd: {endpoints: ['http://h'], certificate_file: /dev/null}\n",
   "f:2:53: patroni.etcd.certificate_file: has no key, expected key_file with it"},
  {"patroni:\n  rest: {}\n", "f:2:9: patroni.rest: names no members, expected urls"},
  {"patroni:\n  etcd: {endpoints: ['http://h']}\n  namespace: /db/\n"
   "  rest: {urls: ['http://a', 'http://a/']}\n",
   "f:3:14: patroni.namespace: is of etcd, expected none with rest\n"
   "f:4:9: patroni.rest: says the same as etcd, expected one of the two\n"
   "f:4:29: patroni.rest.urls[1]: is given twice"},
  {"patroni: {etcd: {endpoints: ['http://h']}, labels: {member: x}}\n",
   "f:1:10: patroni: labels: 'member' is a label that Patroni's members have"},
  {"patroni: {etcd: {endpoints: ['http://h']}, kind: pgbouncer}\n",
   "f:1:10: patroni: kind: Patroni has PostgreSQL servers only, expected postgres"},
  {"vmapi: null\n",
   "f:1:1: names no discovery source, expected static, vmapi, file, http_sd, dns or patroni"},
  {"static: {}\ndiscovery: maybe\n",
   "f:2:12: discovery: is none of its values, expected one of auto, both"},
  {"vmapi: http://vmapi\n", "f:1:8: vmapi: is a string, expected an object: {url: ...}"},
  {"file: list.yaml\n", "f:1:7: file: is a string, expected an object: {path: ...}"},
  {"file: true\n", "f:1:7: file: is a boolean, expected an object or a list of objects"},
  {"vmapi:\n  url: http://u:hunter2@h\n  tags: {vm_tag_name: a, nic_tag: '*'}\n",
   "f:2:8: vmapi.url: has a user in it, expected none: use basic_auth_file\n"
   "f:3:9: vmapi.tags.vm_tag_value: is missing, expected a value, * matches anything\n"
   "f:3:35: vmapi.tags.nic_tag: is no regular expression, expected one of ECMAScript's"},
  {"vmapi:\n- {url: 'ftp://h', tags: {vm_tag_name: a, vm_tag_value: b, nic_tag: c}}\n"
   "- {url: 'http://h?x', tags: {vm_tag_name: a, vm_tag_value: b, nic_tag: c}, name: ../x}\n",
   "f:2:9: vmapi[0].url: is no URL of ours, expected http://HOST or https://HOST, with a path "
   "perhaps\n"
   "f:3:9: vmapi[1].url: has a query or fragment, expected none\n"
   "f:3:82: vmapi[1].name: is no name of a source, expected at most 64 letters, digits and -_., "
   "no . first"},
  {"file: [{path: /dev/null}, {path: /dev/null}]\n",
   "f:1:27: file[1]: two sources are called 'file', the other is file[0]: expected a name of its "
   "own"},
  {"http_sd:\n  name: static\n  certificate_file: /dev/null\n  shrink: {below: 2, at_least: 0}\n",
   "f:2:3: http_sd.url: is missing, expected an http or https URL\n"
   "f:2:9: http_sd.name: two sources are called 'static', the other is the static list: expected "
   "a name of its own\n"
   "f:3:21: http_sd.certificate_file: has no key, expected key_file with it\n"
   "f:4:19: http_sd.shrink.below: is 2, expected a number from 0 to 1\n"
   "f:4:32: http_sd.shrink.at_least: is 0, expected a whole number from 1 to 1000000"},
  {"dns: {names: [_pg._tcp.example.com, 'a b', _pg._tcp.example.com], type: mx}\n",
   "f:1:37: dns.names[1]: is neither a literal address nor a host name\n"
   "f:1:44: dns.names[2]: is given twice\n"
   "f:1:73: dns.type: is none of its values, expected one of srv, a"},
  {"dns: {names: [a.example.com], server: '127.0.0.1:0'}\n",
   "f:1:39: dns.server: is no name server, expected a literal address, with or without a port"},
  {"dns: {names: [a.example.com], server: '[10.0.0.1]:53'}\n",
   "f:1:39: dns.server: is no name server, expected a literal address, with or without a port"},
  {"dns: {names: [a.example.com], server: ns.example.com}\n",
   "f:1:39: dns.server: is no name server, expected a literal address, with or without a port"},
  {"file: {}\n", "f:1:7: file.path: is missing, expected the path of a list of backends"},
};

bool contains(const std::vector<std::string>& xs, std::string_view x) {
  return std::ranges::find(xs, x) != xs.end();
}

} // namespace

TEST(every fault of a file has its line and column) {
  for (const auto& [text, lines] : bad_files)
    CHECK_EQUAL(faults_of(text), lines);
}

TEST(the deployed file of the original works unchanged) {
  auto x = parsed(deployed);
  CHECK(x.interval == 60s);
  CHECK(x.stale_after == 180s);
  CHECK(x.connections.query_timeout == 1s);
  CHECK(x.connections.connect_timeout == 3s);
  CHECK_EQUAL(x.connections.connect_retries, 3u);
  CHECK_EQUAL(x.target.ip, "0.0.0.0");
  CHECK_EQUAL(x.target.port, 8881);
  CHECK((x.target.metadata == label_list{{"datacenter", "us-east-1"}}));
  CHECK_EQUAL(x.database, "moray");
  REQUIRE(x.vmapi.size() == 1);
  CHECK_EQUAL(x.vmapi[0].name, "vmapi");
  CHECK_EQUAL(x.vmapi[0].http.url, "http://vmapi.us-east-1.example.com");
  CHECK(x.vmapi[0].poll_interval == 60s);
  CHECK_EQUAL(x.vmapi[0].tag_name, "manta_role");
  CHECK_EQUAL(x.vmapi[0].tag_value, "*postgres");
  CHECK_EQUAL(x.vmapi[0].nic_tag, "manta");
  CHECK_EQUAL(x.vmapi[0].roles.at("buckets-postgres"), "buckets_metadata");
  CHECK(x.warnings.empty());
}

TEST(the static form of the original works unchanged) {
  auto x = parsed(original_static);
  REQUIRE(x.static_backends.size() == 2);
  CHECK_EQUAL(x.static_backends[0].name, "primary");
  CHECK_EQUAL(x.static_backends[1].ip, "fd00::17");
  CHECK_EQUAL(x.backend_port, 5433);
  CHECK(x.stale_after == 60s);
  CHECK((x.target.metadata == label_list{{"zone", "a1"}, {"rack", "7"}, {"canary", "true"}}));
  CHECK_EQUAL(x.warnings.size(), 2u); // and that it connects for longer than an interval
  CHECK(contains(x.warnings, "f:4:45: connections.max_connections: has no effect, every backend is "
                             "polled over one connection"));
}

TEST(what is not given has its default) {
  auto x = parsed("static: {dbs: [{name: a, ip: db.example.com}]}");
  settings expected;
  expected.static_backends.resize(1);
  expected.static_backends[0].name = "a";
  expected.static_backends[0].ip = "db.example.com";
  CHECK(x == expected);
}

TEST(times are milliseconds or have a unit) {
  auto time = [](std::string_view text) {
    return parsed(with("interval: " + std::string{text})).interval;
  };
  CHECK(time("250") == 250ms);
  CHECK(time("1e4") == 10s);
  CHECK(time("1.6") == 2ms);
  CHECK(time("250ms") == 250ms);
  CHECK(time("10s") == 10s);
  CHECK(time("\"1.5m\"") == 90s);
  CHECK(time("2h") == 2h);
}

TEST(an interval may be each backends own) {
  auto read = [](std::string_view text) { return parsed(with("interval: " + std::string{text})); };
  auto same = read("20s");
  CHECK(same.interval == 20s && same.longest_interval == 20s && same.stale_after == 60s);
  auto own = read("auto");
  CHECK(own.interval == 5s && own.longest_interval == 60s && own.stale_after == 180s);
  own = read("{min: 2s, max: 5m}");
  CHECK(own.interval == 2s && own.longest_interval == 300s);
  own = read("{max: 10s}");
  CHECK(own.interval == 5s && own.longest_interval == 10s);
  for (const auto* wrong : {"{min: 2m}", "{max: 1s}", "{min: 9s, max: 8s}", "{mix: 1s}", "[1s]"})
    CHECK(!parse_settings(with("interval: " + std::string{wrong}), "f"));
}

TEST(a fleet may be shared) {
  auto read = [](std::string_view text) {
    return parsed(with("shard: " + std::string{text})).shard;
  };
  CHECK(read("{index: 2, of: 5}") == (shard_settings{2, 5}));
  setenv("PGSTATSMON_INSTANCE", "east-3", 1);
  CHECK(read("{index: '%i', of: 4}") == (shard_settings{3, 4}));
  auto fails = [](std::string_view text, std::string_view why) {
    auto x = parse_settings(with("shard: " + std::string{text}), "f");
    CHECK(!x && context_of(x.error()).find(why) != std::string::npos);
  };
  fails("{index: '%i', of: 3}", "counted from 0");
  unsetenv("PGSTATSMON_INSTANCE");
  fails("{index: '%i', of: 3}", "does not end in a number");
  fails("{index: 5, of: 5}", "counted from 0");
  fails("{of: 5}", "is missing");
  fails("{index: 0, of: 0}", "from 1 to 1000");
}

TEST(parameters of libpq are passed on) {
  auto x = parsed("static: {dbs: [{name: a, ip: h}]}\n"
                  "connections: {guards: false, parameters: {options: -c a=b, keepalives: 1}}\n");
  CHECK(!x.connections.guards);
  CHECK(
    (x.connections.parameters == connect_parameters{{"options", "-c a=b"}, {"keepalives", "1"}}));
}

TEST(vmapi hides static unless both are wanted) {
  constexpr std::string_view two = "static: {dbs: [{name: a, ip: h}]}\n"
                                   "vmapi: {url: 'http://v', tags: {vm_tag_name: a, vm_tag_value: "
                                   "b, nic_tag: c}}\n";
  auto one = parsed(two);
  CHECK(one.static_backends.empty());
  REQUIRE(one.warnings.size() == 1);
  CHECK_EQUAL(one.warnings[0],
              "f:1:9: static: is ignored because vmapi is given: discovery: both uses the two");
  auto both = parsed(std::string{two} + "discovery: both\n");
  CHECK_EQUAL(both.static_backends.size(), 1u);
  CHECK(both.warnings.empty());
}

TEST(a list of sources keeps what belongs to each) {
  auto x = parsed(R"(
roles: {postgres: {database: moray}, other: {database: o}}
vmapi:
- {name: east, url: 'http://e', poll_interval: 30s, labels: {datacenter: east},
   roles: {postgres: {database: mine}},
   tags: &tags {vm_tag_name: manta_role, vm_tag_value: '*postgres', nic_tag: manta}}
- {name: west, url: 'https://w', pollInterval: 1000, tags: *tags, request_timeout: 5s}
http_sd: {url: 'http://sd/list?team=db', shrink: {below: 0.25, at_least: 10, recheck: 1m}}
dns: {names: [_pg._tcp.example.com], type: srv, server: '[::1]:8600'}
)");
  REQUIRE(x.vmapi.size() == 2);
  CHECK_EQUAL(x.vmapi[0].roles.at("postgres"), "mine");
  CHECK_EQUAL(x.vmapi[0].roles.at("other"), "o");
  CHECK_EQUAL(x.vmapi[1].roles.at("postgres"), "moray");
  CHECK((x.vmapi[0].labels == label_list{{"datacenter", "east"}}));
  CHECK(x.vmapi[0].poll_interval == 30s);
  CHECK(x.vmapi[1].poll_interval == 1s);
  CHECK(x.vmapi[1].http.request_timeout == 5s);
  CHECK_EQUAL(x.vmapi[1].nic_tag, "manta");
  REQUIRE(x.http_sd.size() == 1);
  CHECK(x.http_sd[0].shrink == (shrink_settings{0.25, 10, 1min}));
  REQUIRE(x.dns.size() == 1);
  CHECK_EQUAL(x.dns[0].names.size(), 1u);
}

TEST(an empty list of backends is a warning) {
  auto x = parsed("static: {dbs: []}");
  REQUIRE(x.warnings.size() == 1);
  CHECK_EQUAL(x.warnings[0], "f:1:15: static.dbs: has no backends");
}

TEST(two backends of one name are a warning with what the second is called) {
  auto x = parsed("static: {dbs: [{name: a, ip: g}, {name: a, ip: h}, "
                  "{name: a, ip: g, database: d}, {name: a/d, ip: i}]}");
  REQUIRE(x.warnings.size() == 3);
  CHECK_EQUAL(x.warnings[0], "f:1:34: static.dbs[1]: has the name of static.dbs[0] on line 1, its "
                             "backend label is a@h:5432");
  CHECK_EQUAL(x.warnings[1], "f:1:52: static.dbs[2]: has the name of static.dbs[0] on line 1, its "
                             "backend label is a/d");
  CHECK_EQUAL(x.warnings[2], "f:1:83: static.dbs[3]: has the name of static.dbs[2] on line 1, its "
                             "backend label is a/d@i:5432");
}

TEST(no fault repeats what may be secret) {
  constexpr std::string_view secret = "hunter2";
  for (auto key : {"interval", "user", "password_file", "database", "backend_port", "queries",
                   "connections.password", "connections.parameters.password", "target.metadata.a",
                   "connections.parameters.sslpassword", "vmapi.url", "log.level", "target.ip",
                   "target.route", "setup.password_file", "vmapi.basic_auth_file"}) {
    std::string text = key;
    std::string end;
    for (auto dot = text.find('.'); dot != std::string::npos; dot = text.find('.', dot)) {
      text.replace(dot, 1, ": {");
      end += '}';
    }
    CHECK_EQUAL(faults_of(text + ": " + std::string{secret} + end).find(secret), std::string::npos);
  }
}

TEST(a relative path is relative to the configuration) {
  std::string here{PGSTATSMON_SOURCE_DIR};
  auto x = parse_settings(with("password_file: packages.txt"), here + "/config/f");
  REQUIRE(static_cast<bool>(x));
  CHECK_EQUAL(x->password_file, here + "/config/packages.txt");
}

TEST(credentials of the service manager have a short name) {
  auto text = with("password_file: \"%d/packages.txt\"");
  unsetenv("CREDENTIALS_DIRECTORY");
  CHECK_EQUAL(faults_of(text), "f:2:16: password_file: begins with %d, but CREDENTIALS_DIRECTORY "
                               "is not set: the service manager sets it");
  setenv("CREDENTIALS_DIRECTORY", PGSTATSMON_SOURCE_DIR "/config", 1);
  CHECK_EQUAL(parsed(text).password_file, PGSTATSMON_SOURCE_DIR "/config/packages.txt");
  unsetenv("CREDENTIALS_DIRECTORY");
}

TEST(where a file is only checked the credentials may be missing) {
  unsetenv("CREDENTIALS_DIRECTORY");
  auto text = with("password_file: \"%d/password\"\nfile: {path: \"%d/list\"}\n");
  auto x = parse_settings(text, "f", reading_for::checking);
  if (!x)
    CAF_FAIL(context_of(x.error()));
  CHECK_EQUAL(x->password_file, "%d/password");
  CHECK(is_given_by_service_manager(x->password_file));
  for (auto place : {"f:2:16: password_file", "f:3:14: file.path"})
    CHECK(contains(x->warnings, std::string{place}
                                  + ": is the service manager's to give (LoadCredential=): it was "
                                    "not looked at"));
  CHECK(!parse_settings(text, "f"));
}

TEST(an interval below a second is a warning) {
  auto warnings = [](std::string_view text) { return parsed(with(text)).warnings; };
  CHECK(contains(warnings("interval: 10"),
                 "f:2:11: interval: is 10 ms, as a number without a unit is: 10s are seconds"));
  CHECK(contains(warnings("interval: 10ms"), "f:2:11: interval: is less than a second"));
  CHECK(contains(warnings("http_sd: {url: 'http://h', poll_interval: 60}"),
                 "f:2:43: http_sd.poll_interval: is 60 ms, as a number without a unit is: 60s are "
                 "seconds"));
  CHECK_EQUAL(parsed("static: {dbs: [{name: a, ip: h}]}\ninterval: 10s\n").warnings.size(), 0u);
}

TEST(a connect_timeout that outlasts the interval is a warning where it is given) {
  constexpr std::string_view warning =
    "f:1:1: connections.connect_timeout is not less than interval: a silent backend is tried less "
    "often than it is polled";
  CHECK(contains(parsed(with("connections: {connect_timeout: 60s}")).warnings, warning));
  CHECK(!contains(parsed(with("interval: 2s")).warnings, warning));
}

TEST(password files that are empty or everybodys are warnings) {
  char path[] = "/tmp/pgstatsmon.XXXXXX";
  auto file = mkstemp(path);
  REQUIRE(file >= 0);
  auto warnings = [&] { return parsed(with("password_file: " + std::string{path})).warnings; };
  REQUIRE(fchmod(file, 0640) == 0);
  CHECK(contains(warnings(), "f:2:16: password_file: is empty: it has no password"));
  REQUIRE(write(file, "x\n", 2) == 2);
  CHECK_EQUAL(warnings().size(), 1u); // an empty static list
  REQUIRE(fchmod(file, 0644) == 0);
  CHECK(contains(warnings(), "f:2:16: password_file: everybody on this machine may use it (mode "
                             "0644), expected 0640 at most"));
  close(file);
  unlink(path);
}

TEST(a state_dir that can not be made is a warning) {
  auto x = parsed(with("state_dir: /nonexistent/a/b"));
  CHECK(contains(x.warnings, "f:2:12: state_dir: can't be made: /nonexistent/a: No such file or "
                             "directory"));
  CHECK_EQUAL(parsed(with("state_dir: /tmp/not-there-yet")).warnings.size(), 1u);
}

TEST(an entry and a source may have labels and a way in of their own) {
  auto x =
    parsed("static: {dbs: [{name: a, ip: h, labels: {cluster: c}, password_file: /dev/null, "
           "parameters: {sslmode: verify-full}}]}\n"
           "file: {path: /dev/null, password_file: /dev/null, parameters: {sslmode: require}}\n");
  const auto& entry = x.static_backends.at(0);
  CHECK(entry.labels == (label_list{{"cluster", "c"}}));
  CHECK_EQUAL(entry.access.password_file, "/dev/null");
  CHECK(entry.access.parameters == (connect_parameters{{"sslmode", "verify-full"}}));
  CHECK_EQUAL(x.files.at(0).access.password_file, "/dev/null");
  CHECK_EQUAL(x.static_labels.size(), 1u);
  CHECK_EQUAL(faults_of("static: {dbs: [{name: a, ip: h, parameters: {password: x, dbname: y}}]}"),
              "f:1:56: static.dbs[0].parameters.password: is not allowed here, no secret belongs "
              "into this file: expected password_file, or libpq's passfile\n"
              "f:1:67: static.dbs[0].parameters.dbname: is not allowed here, expected the option "
              "database");
}

TEST(queries may be added to or replaced) {
  CHECK_EQUAL(parsed(with("queries: /tmp")).queries, "/tmp");
  auto x = parsed(with("queries: {add: /tmp}"));
  CHECK_EQUAL(x.queries, "");
  CHECK_EQUAL(x.added_queries, "/tmp");
  CHECK(explain(x).find("queries: those compiled in, and those of /tmp\n") != std::string::npos);
}

TEST(a file that can not be read says why) {
  auto missing = load_settings("/nonexistent/f");
  REQUIRE(!missing);
  CHECK_EQUAL(missing.error(), ec::unreadable_file);
  CHECK_EQUAL(context_of(missing.error()), "/nonexistent/f: No such file or directory");
  auto directory = load_settings("/");
  REQUIRE(!directory);
  CHECK_EQUAL(context_of(directory.error()), "/: Is a directory");
}

TEST(a huge file is refused) {
  CHECK_EQUAL(faults_of(std::string((16U << 20) + 1, ' ')), "f: is longer than 16 MiB");
}

TEST(a deep file is refused) {
  CHECK_EQUAL(faults_of(std::string(100, '[') + std::string(100, ']')),
              "f:1:65: is neither YAML nor JSON: deeper than 64 levels");
}

TEST(aliases do not multiply without end) {
  std::string text = "a: &x0 [1,1,1,1,1,1,1,1,1,1]\n";
  for (int i = 1; i < 10; ++i) {
    auto last = "*x" + std::to_string(i - 1);
    text += "b" + std::to_string(i) + ": &x" + std::to_string(i) + " [" + last;
    for (int j = 1; j < 10; ++j)
      text += "," + last;
    text += "]\n";
  }
  CHECK_EQUAL(faults_of(text), "f: more than a million values");
}

TEST(an explanation names what is watched and served) {
  CHECK_EQUAL(explain(parsed(deployed)),
              "vmapi: VMAPI at http://vmapi.us-east-1.example.com every 60 s, tag "
              "manta_role=*postgres, NICs manta\n"
              "polls every 60 s as pgstatsmon, at most 10 at once; a query may take 1 s, a "
              "connection 3 s\n"
              "a server may send 16 MiB for a query, 64 MiB for a poll, all together 256 MiB\n"
              "queries: those compiled in\n"
              "page: http://0.0.0.0:8881/metrics\n"
              "label of every series: datacenter=\"us-east-1\"\n");
  CHECK_EQUAL(explain(parsed(original_static)),
              "static: 2 backends\n"
              "  primary at 10.99.99.16:5433, database moray, user pgstatsmon\n"
              "  sync at [fd00::17]:5433, database moray, user pgstatsmon\n"
              "polls every 2 s as pgstatsmon, at most 10 at once; a query may take 1 s, a "
              "connection 3 s\n"
              "a server may send 16 MiB for a query, 64 MiB for a poll, all together 256 MiB\n"
              "queries: those compiled in\n"
              "page: http://0.0.0.0:9187/metrics\n"
              "label of every series: zone=\"a1\"\n"
              "label of every series: rack=\"7\"\n"
              "label of every series: canary=\"true\"\n");
}

TEST(bounds that are not given follow those that are) {
  auto x = parsed("static: {}\nconnections: {max_query_bytes: 0.5GiB}\n").connections;
  CHECK_EQUAL(x.max_query_bytes, 512U << 20);
  CHECK_EQUAL(x.max_poll_bytes, 512U << 20);
  CHECK_EQUAL(x.max_fleet_bytes, 512U << 20);
  CHECK_EQUAL(x.max_query_rows, 100'000U);
}

TEST(no option is listed twice) {
  auto xs = known_options();
  CHECK(contains(xs, "interval"));
  CHECK(contains(xs, "vmapi[].tags.nic_tag"));
  std::ranges::sort(xs);
  CHECK(std::ranges::adjacent_find(xs) == xs.end());
}

TEST(a pgbouncer is a kind of backend) {
  auto x = parsed("static: {dbs: [{name: p, ip: 10.0.0.1, port: 6432, kind: pgbouncer}, {name: q, "
                  "ip: 10.0.0.1, kind: postgres}]}\ndatabase: app\n"
                  "file: {path: /dev/null, kind: pgbouncer}\n");
  CHECK(x.static_backends[0].kind == backend_kind::pgbouncer);
  CHECK(x.static_backends[1].kind == backend_kind::postgres);
  CHECK_EQUAL(database_of(x.static_backends[0], x), "pgbouncer");
  CHECK_EQUAL(database_of(x.static_backends[1], x), "app");
  CHECK(x.files[0].kind == backend_kind::pgbouncer);
  CHECK(watches_consoles(x));
  auto text = explain(x);
  CHECK(text.find("p at 10.0.0.1:6432, pgbouncer's console pgbouncer, user") != std::string::npos);
  CHECK(text.find("file: file /dev/null, of pgbouncers") != std::string::npos);
}

TEST(what makes no sense for a pgbouncer is refused) {
  auto of_entry = [](const std::string& more) {
    return faults_of("roles: {r: {database: x}}\nstatic: {dbs: [{name: p, ip: 10.0.0.1, kind: "
                     "pgbouncer, "
                     + more + "}]}\n");
  };
  CHECK_EQUAL(of_entry("databases: true"),
              "f:2:68: static.dbs[0].databases: asks for the databases of a PostgreSQL server, "
              "expected none with kind: pgbouncer");
  CHECK_EQUAL(of_entry("databases: false"), "");
  CHECK_EQUAL(of_entry("role: r"),
              "f:2:63: static.dbs[0].role: names a database of a PostgreSQL server, expected none "
              "with kind: pgbouncer");
  CHECK_EQUAL(faults_of(with("file: {path: /dev/null, kind: pgbouncer, databases: {keep: 1}}")),
              "f:2:53: file.databases: asks for the databases of a PostgreSQL server, expected "
              "none with kind: pgbouncer");
  CHECK_EQUAL(faults_of("static: {dbs: [{name: p, ip: 10.0.0.1, kind: pgpool}]}"),
              "f:1:46: static.dbs[0].kind: is none of its values, expected one of postgres, "
              "pgbouncer");
}
