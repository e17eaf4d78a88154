// The example configuration: valid, complete, and true about the defaults.
#define SUITE example

#include "test/unit/test.hpp"

#include "config/document.hpp"
#include "config/settings.hpp"

#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

using namespace pgstatsmon;

namespace {

const std::string file = PGSTATSMON_SOURCE_DIR "/config/pgstatsmon.example.yaml";

std::string content() {
  std::ifstream in{file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// The example with every option on: a # is dropped unless a single space follows, as in prose.
std::string all_on() {
  std::istringstream in{content()};
  std::string result;
  for (std::string line; std::getline(in, line);) {
    auto hash = std::min(line.find_first_not_of(' '), line.size());
    auto option = line.compare(hash, 1, "#") == 0 && line.size() > hash + 1
                  && (line[hash + 1] != ' ' || line.compare(hash, 3, "#  ") == 0);
    if (option)
      line.erase(hash, 1);
    // An empty object gives way to the entry that is shown below it.
    if (line.ends_with(": {}"))
      line.resize(line.size() - 3);
    result += line + '\n';
  }
  return result;
}

/// The text without the first option of that name and indent, and what is below it.
std::string without(const std::string& text, const std::string& option) {
  std::istringstream in{text};
  std::string result;
  auto indent = option.find_first_not_of(' ');
  enum { before, inside, behind } where = before;
  for (std::string line; std::getline(in, line);) {
    if (where == inside && line.find_first_not_of(" #") <= indent)
      where = behind;
    if (where == before && line == option + ':')
      where = inside;
    if (where != inside)
      result += line + '\n';
  }
  return result;
}

/// Calls f for the path of every value that is no object and no list of objects.
void each_leaf(const document_node& x, const std::string& path,
               const std::function<void(const std::string&)>& f) {
  using kind = document_node::kind;
  auto leaf = x.type != kind::object && x.type != kind::list;
  if (leaf || (x.type == kind::list && x.items[0]->type == kind::string))
    f(path);
  else if (x.type == kind::list)
    for (const auto& item : x.items)
      each_leaf(*item, path + "[]", f);
  for (const auto& [key, value] : x.entries)
    each_leaf(*value, path.empty() ? key->text : path + '.' + key->text, f);
}

/// The option that a path is: keys of the user's choice are `*` or not part of it.
std::string option_of(std::string path) {
  for (std::string free : {"target.metadata.", "parameters.", "labels."})
    if (auto i = path.find(free); i != std::string::npos)
      path.resize(i + free.size() - 1);
  if (auto i = path.find("roles."); i != std::string::npos) {
    auto key = i + 6;
    path.replace(key, path.find('.', key) - key, "*");
  }
  return path;
}

} // namespace

TEST(the example is right and shows the defaults) {
  auto x = load_settings(file);
  if (!x)
    CAF_FAIL(context_of(x.error()));
  CHECK(x->warnings.empty());
  settings expected;
  expected.static_backends.resize(2);
  expected.static_backends[0].name = "primary";
  expected.static_backends[0].ip = "127.0.0.1";
  expected.static_backends[1].name = "standby";
  expected.static_backends[1].ip = "db2.example.com";
  CHECK(*x == expected);
}

TEST(the example names every option and no other) {
  auto document = parse_document(all_on());
  REQUIRE(document.root != nullptr);
  std::set<std::string> shown;
  each_leaf(*document.root, {}, [&](const std::string& path) { shown.insert(option_of(path)); });
  auto options = known_options();
  for (const auto& option : options)
    CHECK_EQUAL(option + (shown.contains(option) ? "" : " is missing"), option);
  for (const auto& path : shown)
    CHECK(std::ranges::find(options, path) != options.end());
}

TEST(options that are off in the example show the defaults) {
  // Files that exist everywhere stand for those that it names.
  std::istringstream in{all_on()};
  std::string text;
  for (std::string line; std::getline(in, line);) {
    if (auto path = line.find(" /etc/"); path != std::string::npos)
      line.replace(path, std::string::npos, line.starts_with("  add:") ? " /" : " /dev/null");
    text += line + '\n';
  }
  auto x = parse_settings(without(text, "  etcd"), file);
  if (!x)
    CAF_FAIL(context_of(x.error()));
  auto with_files = [](std::string url) {
    http_settings result;
    result.url = std::move(url);
    result.ca_file = result.certificate_file = "/dev/null";
    result.key_file = result.basic_auth_file = "/dev/null";
    return result;
  };
  CHECK_EQUAL(x->web.config, "/dev/null");
  CHECK_EQUAL(x->console.socket, console_settings{}.socket);
  CHECK(x->console.asked_for);
  CHECK_EQUAL(x->collect.sets.value_or(std::vector<std::string>{}), collect_rules{}.sets);
  collect_settings collect{.sets = {{"core"}},
                           .on = {"pg_settings"},
                           .off = {"pg_relation_size"},
                           .tables = {.include = {{".*"}}, .exclude = {{"tmp[.].*"}}},
                           .server_share = 0.01,
                           .own_share = 1.0,
                           .sample = milliseconds{1000},
                           .statement_texts = false};
  database_settings databases{.on = true,
                              .include = {{".*"}},
                              .exclude = {{"test_.*"}},
                              .max = 100,
                              .at_once = 1,
                              .keep = 0,
                              .interval = milliseconds{30'000}};
  table_settings tables{.include = {{".*"}},
                        .exclude = {{"_timescaledb_internal[.].*", "public[.].*_old"}}};
  CHECK(x->collect.tables == tables);
  CHECK(x->databases == databases);
  CHECK_EQUAL(x->collect.server_share.value_or(0), 0.01);
  CHECK_EQUAL(x->events.file, "/var/lib/pgstatsmon/events.json");
  auto events = x->events;
  events.file.clear();
  CHECK(events == event_settings{});
  vmapi_settings vmapi;
  vmapi.databases = databases;
  vmapi.collect = collect;
  access_settings access{.password_file = "/dev/null",
                         .parameters = {{"sslmode", "verify-full"}, {"sslrootcert", "/dev/null"}}};
  vmapi.access = access;
  vmapi.http = with_files("http://vmapi.east.example.com");
  vmapi.tag_name = "manta_role";
  vmapi.tag_value = "*postgres";
  vmapi.nic_tag = "manta";
  vmapi.roles = {{"postgres", "moray"}, {"buckets-postgres", "buckets_metadata"}};
  vmapi.labels = {{"datacenter", "east"}};
  CHECK((x->vmapi == std::vector{vmapi}));
  file_source_settings list;
  list.path = "/dev/null";
  list.labels = {{"team", "storage"}};
  list.collect = collect;
  list.access = access;
  list.databases = databases;
  CHECK((x->files == std::vector{list}));
  http_sd_settings http_sd;
  http_sd.http = with_files("https://inventory.example.com/postgres?team=storage");
  http_sd.labels = list.labels;
  http_sd.collect = collect;
  http_sd.access = access;
  http_sd.databases = databases;
  CHECK((x->http_sd == std::vector{http_sd}));
  dns_settings dns;
  dns.names = {"_postgresql._tcp.example.com"};
  dns.labels = list.labels;
  dns.collect = collect;
  dns.access = access;
  dns.databases = databases;
  CHECK((x->dns == std::vector{dns}));
  REQUIRE(x->cluster.has_value());
  cluster_settings cluster;
  cluster.member = x->cluster->member;
  cluster.advertise = "monitor1.example.com:9187";
  cluster.postgres.host = "leases.example.com";
  cluster.postgres.password_file = "/dev/null";
  cluster.postgres.parameters = {{"sslmode", "verify-full"}, {"sslrootcert", "/dev/null"}};
  CHECK(*x->cluster == cluster);
  auto with_etcd = parse_settings(without(text, "  postgres"), file);
  if (!with_etcd)
    CAF_FAIL(context_of(with_etcd.error()));
  cluster.postgres = {};
  auto& keys = cluster.etcd.how;
  keys.endpoints = {"https://10.0.0.1:2379", "https://10.0.0.2:2379"};
  keys.password_file = keys.ca_file = keys.certificate_file = keys.key_file = "/dev/null";
  CHECK(*with_etcd->cluster == cluster);
  patroni_settings etcd;
  etcd.etcd.endpoints = {"https://10.0.0.1:2379", "https://10.0.0.2:2379"};
  etcd.etcd.password_file = etcd.etcd.ca_file = "/dev/null";
  etcd.etcd.certificate_file = etcd.etcd.key_file = "/dev/null";
  etcd.scopes = {"orders-*"};
  etcd.labels = list.labels;
  etcd.collect = collect;
  etcd.access = access;
  etcd.databases = databases;
  patroni_settings rest;
  rest.name = "patroni-rest";
  rest.rest = {"https://10.0.1.1:8008", "https://10.0.1.2:8008"};
  rest.http = with_files("");
  CHECK((x->patroni == std::vector{etcd, rest}));
}
