// Static labels that a series has already are found before they reach the page.
#define SUITE labels
#include "config/labels.hpp"

#include "test/unit/page_fixture.hpp"
#include "test/unit/test.hpp"

#include "actors/discovery/discovery_metrics.hpp"
#include "actors/registry/daemon_metrics.hpp"
#include "config/collect.hpp"

#include <regex>
#include <set>

using namespace pgstatsmon;

namespace {

/// Faults of a configuration with the queries that are compiled in, or with others.
std::string faults_of(const std::string& text,
                      const catalogue_ptr& queries = built_in_catalogue()) {
  auto options = parse_settings(text, "f");
  if (!options)
    return context_of(options.error());
  auto error = check_static_labels(*options, *queries, "f");
  return error ? context_of(error) : std::string{};
}

catalogue_ptr with_label(const std::string& label) {
  query_definition query;
  query.name = "q";
  query.labels = {label};
  return std::make_shared<const catalogue>(std::vector{query});
}

/// The names of all labels on a page.
std::set<std::string> labels_of(const std::string& page) {
  static const std::regex label{R"re([{,]([a-zA-Z0-9_]+)=")re"};
  std::set<std::string> result;
  for (std::sregex_iterator i{page.begin(), page.end(), label}, end; i != end; ++i)
    result.insert((*i)[1]);
  return result;
}

} // namespace

FIXTURE_SCOPE(label_tests, test::page_fixture)

TEST(every label of our own metrics is taken) {
  add("a");
  auto about_backends = labels_of(page());
  CHECK(about_backends.contains("role") && about_backends.contains("query"));
  for (const auto& name : about_backends)
    CHECK(!label_name_fault(name, labelled::backends).empty());
  daemon_metrics metrics{{}};
  discovery_metrics discovery{metrics.registry()};
  auto source = discovery.of("s");
  auto about_daemon = labels_of(metrics.text());
  CHECK(about_daemon.contains("compiler") && about_daemon.contains("change"));
  about_daemon.merge(about_backends);
  for (const auto& name : about_daemon)
    CHECK(!label_name_fault(name, labelled::everything).empty());
}

FIXTURE_SCOPE_END()

TEST(a label of the daemon alone can be a backends) {
  CHECK_EQUAL(label_name_fault("source", labelled::backends), "");
  CHECK_EQUAL(label_name_fault("source", labelled::everything),
              "is a label of our own metrics, expected another name");
}

TEST(what is no label name is none) {
  for (auto name : {"", "1st", "a-b", "a.b", "ä", "a b", "__x", "__name__", "a\n"})
    CHECK(!label_name_fault(name, labelled::backends).empty());
  for (auto name : {"a", "_a", "A1", "datacenter", "job", "instance", "Role"})
    CHECK_EQUAL(label_name_fault(name, labelled::everything), "");
}

TEST(every place of a static label is looked at) {
  const auto* ours = ": is a label of our own metrics, expected another name";
  CHECK_EQUAL(faults_of("static: {}\ntarget: {metadata: {role: db}}\n"),
              std::string{"f:2:27: target.metadata.role"} + ours);
  CHECK_EQUAL(faults_of("static: {}\ntarget: {metadata: {compiler: x}}\n"),
              std::string{"f:2:31: target.metadata.compiler"} + ours);
  CHECK_EQUAL(faults_of("dns: {names: [a.b], labels: {state: x}}\n"),
              std::string{"f:1:37: dns.labels.state"} + ours);
  CHECK_EQUAL(faults_of("dns: {names: [a.b], labels: {compiler: x}}\n"), "");
}

TEST(a static label that a query makes is found where it is) {
  std::string text{"static: {}\ntarget: {metadata: {cluster: east, datacenter: x}}\n"
                   "file: {path: /dev/null, labels: {cluster: west}}\n"};
  CHECK_EQUAL(faults_of(text), "");
  CHECK_EQUAL(faults_of(text, with_label("cluster")),
              "f:2:30: target.metadata.cluster: is a label of the query q, expected another name\n"
              "f:3:43: file.labels.cluster: is a label of the query q, expected another name");
  auto queries = built_in_catalogue();
  for (const auto& query : queries->queries())
    for (const auto& label : collects({}, query) ? label_names(query) : std::vector<std::string>{})
      CHECK(!faults_of("static: {dbs: [{name: p, ip: 10.0.0.1, kind: pgbouncer}]}\n"
                       "target: {metadata: {"
                       + label + ": x}}\n")
               .empty());
  // Queries that are not there take no name.
  CHECK_EQUAL(faults_of("static: {}\ntarget: {metadata: {relname: x}}\n", with_label("a")), "");
}

TEST(a query doubles the labels that it makes itself) {
  query_definition query;
  query.labels = {"a", "b"};
  CHECK(doubles({{"x", "1"}, {"b", "2"}}, query));
  CHECK(!doubles({{"x", "1"}, {"B", "2"}}, query));
}

TEST(a label of the queries of a pgbouncer is free where there is none) {
  CHECK_EQUAL(faults_of("static: {}\ntarget: {metadata: {host: x}}\n"), "");
  CHECK_EQUAL(faults_of("static: {dbs: [{name: p, ip: 10.0.0.1, kind: pgbouncer}]}\n"
                        "file: {path: /dev/null, labels: {host: x}}\n"),
              "");
  CHECK_EQUAL(
    faults_of("file: {path: /dev/null, labels: {host: x, relname: y}, kind: pgbouncer}\n"),
    "f:1:40: file.labels.host: is a label of the query pgbouncer_databases, expected "
    "another name");
}
