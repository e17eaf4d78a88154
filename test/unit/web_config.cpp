// The web configuration: what is read, what is wrong with a file, and what GnuTLS is told.
#define SUITE web_config
#include "config/web_config.hpp"

#include "test/unit/test.hpp"

#include "config/document.hpp"
#include "config/tls_names.hpp"

#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>
#include <sstream>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view hash = "$2y$10$ZEk2E4snOGYwXCNBiEsfxOM08LeT0sqpBpe2.AgUhm8O2qRh7i/7O";

std::string lines_of(const std::vector<fault>& all) {
  std::string result;
  for (const auto& x : all)
    result += (result.empty() ? "" : "\n") + to_string(x, "f");
  return result;
}

web_config parsed(std::string_view text) {
  auto x = parse_web_config(text, "/dir/f");
  CHECK_EQUAL(lines_of(x.faults), "");
  return std::move(x.config);
}

tls_server_config parsed_tls(std::string more) {
  auto x = parsed("tls_server_config: {cert_file: c, key_file: k, " + more + "}");
  REQUIRE(x.tls);
  return *x.tls;
}

/// The first fault of a text, without `f:`.
std::string fault_of(std::string_view text) {
  auto x = parse_web_config(text, "f");
  return x.faults.empty() ? "" : to_string(x.faults.front(), "").substr(1);
}

std::string warnings_of(std::string_view text) {
  auto x = parse_web_config(text, "f");
  CHECK_EQUAL(lines_of(x.faults), "");
  return lines_of(x.warnings);
}

std::string example() {
  std::ifstream in{PGSTATSMON_SOURCE_DIR "/config/web.example.yaml"};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// The example with every option on: a # is dropped unless a single space follows, as in prose;
/// one within that, unless any does.
std::string example_all_on() {
  std::istringstream in{example()};
  std::string result;
  for (std::string line; std::getline(in, line);) {
    auto drop = [&line](bool space_allowed) {
      auto at = std::min(line.find_first_not_of(' '), line.size());
      if (line.size() > at + 1 && line[at] == '#'
          && (line[at + 1] != ' ' || (space_allowed && line.compare(at, 3, "#  ") == 0)))
        line.erase(at, 1);
    };
    drop(true);
    drop(false);
    if (line.ends_with(": {}"))
      line.resize(line.size() - 3);
    if (line.ends_with(": ''"))
      line.replace(line.size() - 2, 2, "PEM");
    result += line + '\n';
  }
  return result;
}

void each_leaf(const document_node& x, const std::string& path,
               const std::function<void(const std::string&)>& f) {
  if (x.type != document_node::kind::object)
    f(path);
  for (const auto& [key, value] : x.entries)
    each_leaf(*value, path.empty() ? key->text : path + '.' + key->text, f);
}

} // namespace

TEST(a file of an exporter is read) {
  auto x = parsed("tls_server_config:\n  cert_file: server.crt\n  key_file: /keys/server.key\n"
                  "basic_auth_users:\n  alice: "
                  + std::string{hash} + "\nrate_limit: {interval: 1s, burst: 20}\n");
  REQUIRE(x.tls);
  CHECK_EQUAL(x.tls->cert_file.text, "/dir/server.crt");
  CHECK_EQUAL(x.tls->key_file.text, "/keys/server.key");
  CHECK_EQUAL(x.tls->cert_file.line, 2u);
  CHECK_EQUAL(x.tls->cert_file.column, 14u);
  CHECK(x.tls->client == client_auth::none);
  CHECK(x.tls->min_version == tls_version::tls12 && x.tls->max_version == tls_version::tls13);
  CHECK_EQUAL(x.users.at("alice"), hash);
  CHECK(x.rate_limit.interval == 1s && x.rate_limit.burst == 20);
  CHECK((x.files() == std::vector<std::string>{"/dir/server.crt", "/keys/server.key"}));
}

TEST(nothing but an object is nothing that is asked for) {
  auto x = parsed("{}");
  CHECK(!x.tls && x.users.empty() && x.headers.empty() && x.rate_limit.interval == 0s);
  CHECK_EQUAL(fault_of(""), " is empty");
  CHECK_EQUAL(fault_of("# all off\n"), " is empty");
}

TEST(each client auth type has its meaning) {
  for (auto [name, meaning] : {std::pair{"NoClientCert", client_auth::none},
                               {"RequestClientCert", client_auth::request},
                               {"RequireAnyClientCert", client_auth::require_any},
                               {"RequireClientCert", client_auth::require_any},
                               {"VerifyClientCertIfGiven", client_auth::verify_if_given},
                               {"RequireAndVerifyClientCert", client_auth::verify}})
    CHECK(parsed_tls(std::string{"client_auth_type: "} + name).client == meaning);
}

TEST(times are written as in Go) {
  auto interval = [](const std::string& text) {
    return parsed("rate_limit: {burst: 1, interval: " + text + "}").rate_limit.interval;
  };
  CHECK(interval("1m30s") == 90s);
  CHECK(interval("1.5h") == 90min);
  CHECK(interval("250ms") == 250ms);
  CHECK(interval("10us") == 10us);
  CHECK(interval("1000000") == 1ms);
  CHECK(interval("0") == 0s);
  for (const auto* text : {"x", "1 s", "s", "-1s", "25h", "1e999h", "''", "1s2"})
    CHECK(fault_of(std::string{"rate_limit: {burst: 1, interval: "} + text + "}")
            .starts_with("1:34: rate_limit.interval: is no time of ours"));
}

TEST(faults have their place and quote no secret) {
  const std::pair<std::string_view, std::string_view> bad[] = {
    {"[1]", "1:1: is a list, expected an object"},
    {"tls: {}", "1:1: tls: unknown key, expected one of tls_server_config, http_server_config, "
                "basic_auth_users, rate_limit"},
    {"tls_server_config: {cert_fil: x}", "1:21: tls_server_config.cert_fil: unknown key, did you "
                                         "mean 'cert_file'?"},
    {"tls_server_config: {cert_file: x}",
     "1:20: tls_server_config: has no key, expected key_file or key"},
    {"tls_server_config: {key_file: x}",
     "1:20: tls_server_config: has no certificate, expected cert_file or cert"},
    {"tls_server_config: {cert_file: x, key_file: x, client_auth_type: Any}",
     "1:66: tls_server_config.client_auth_type: is none of its values, expected one of "
     "NoClientCert, RequestClientCert, RequireAnyClientCert, VerifyClientCertIfGiven, "
     "RequireAndVerifyClientCert, RequireClientCert"},
    {"tls_server_config: {cert_file: x, key_file: x, client_ca_file: x}",
     "1:64: tls_server_config.client_ca_file: has no effect without a client_auth_type, expected "
     "RequireAndVerifyClientCert there, or no authority here"},
    {"tls_server_config: {cert_file: x, key_file: x, client_allowed_sans: [a]}",
     "1:69: tls_server_config.client_allowed_sans: can't be met, expected "
     "RequireAndVerifyClientCert or RequireAnyClientCert as client_auth_type"},
    {"tls_server_config: {cert_file: x, key_file: x, client_allowed_sans: []}",
     "1:69: tls_server_config.client_allowed_sans: is empty, expected a name"},
    {"tls_server_config: {cert_file: x, key_file: x, min_version: TLS13, max_version: TLS12}",
     "1:61: tls_server_config.min_version: is above max_version, expected one that is not"},
    {"tls_server_config: {cert_file: x, key_file: x, min_version: TLS14}",
     "1:61: tls_server_config.min_version: is none of its values, expected one of TLS13, TLS12, "
     "TLS11, TLS10"},
    {"tls_server_config: {cert_file: x, key_file: x, cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]}",
     "1:64: tls_server_config.cipher_suites[0]: is no cipher suite of ours, expected one of Go's, "
     "as in TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
    {"tls_server_config: {cert_file: x, key_file: x, curve_preferences: [P1]}",
     "1:68: tls_server_config.curve_preferences[0]: is no curve of ours, expected CurveP256, "
     "CurveP384, CurveP521 or X25519"},
    {"http_server_config: {headers: {Server: x}}",
     "1:32: http_server_config.headers.Server: unknown key, expected one of "
     "Content-Security-Policy, X-Frame-Options, X-Content-Type-Options, X-XSS-Protection, "
     "Strict-Transport-Security"},
    {"http_server_config: {headers: {X-Frame-Options: allow}}",
     "1:49: http_server_config.headers.X-Frame-Options: is none of its values, expected deny or "
     "sameorigin"},
    {"http_server_config: {headers: {X-XSS-Protection: \"a\\r\\nb\"}}",
     "1:50: http_server_config.headers.X-XSS-Protection: has a control character, expected a "
     "string of one line"},
    {"basic_auth_users: {a: secret}",
     "1:23: basic_auth_users.a: is no bcrypt hash, expected one that begins with $2a$, $2b$ or "
     "$2y$ and a cost"},
    {"basic_auth_users: {a: [x]}", "1:23: basic_auth_users.a: is a list, expected a bcrypt hash"},
    {"rate_limit: {interval: 1s}",
     "1:13: rate_limit.burst: is 0, expected 1 or more: every request would be refused"},
  };
  for (auto [text, line] : bad)
    CHECK_EQUAL(fault_of(text), line);
}

TEST(only bcrypt is a hash) {
  auto good = [](std::string x) { return fault_of("basic_auth_users: {a: '" + x + "'}").empty(); };
  std::string right{hash};
  CHECK(good(right));
  for (auto [at, letter] : {std::pair{2, 'x'}, {1, '3'}, {4, '0'}, {4, '3'}, {6, '1'}, {20, '!'}}) {
    auto wrong = right;
    wrong[static_cast<size_t>(at)] = letter;
    if (at == 4 && letter == '0')
      wrong[5] = '3';
    if (at == 4 && letter == '3')
      wrong[5] = '2';
    CHECK(!good(wrong));
  }
  CHECK(!good(right + "x") && !good(right.substr(1)) && !good(""));
}

TEST(what has no effect or is weak is a warning) {
  auto has = [](std::string_view text, std::string_view words) {
    auto found = warnings_of(text);
    if (found.find(words) == found.npos)
      CAF_MESSAGE(found);
    CHECK(found.find(words) != found.npos);
  };
  const std::string tls = "tls_server_config: {cert_file: x, key_file: x, ";
  has("http_server_config: {http2: true}", "f:1:29: http_server_config.http2: has no effect");
  has("tls_server_config: {min_version: TLS13}", "TLS is off");
  has("basic_auth_users: {a: " + std::string{hash} + "}", "without TLS");
  has("tls_server_config: {cert_file: x, cert: y, key_file: x}", "the file is used");
  has(tls + "client_auth_type: RequireAnyClientCert}", "verifies no certificate");
  has(tls + "client_auth_type: RequireAndVerifyClientCert}", "the system's authorities");
  has(tls + "min_version: TLS10}", "broken");
  has(tls + "cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA]}", "no cipher of TLS 1.3");
  has(tls + "cipher_suites: [TLS_AES_128_GCM_SHA256]}", "older versions are switched off");
  has(tls + "cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]}", "TLS 1.3 too");
  has(tls
        + "cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, "
          "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]}",
      "allows these too, GnuTLS combines the parts of suites: "
      "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384");
  auto slow = std::string{hash}.replace(4, 2, "16");
  has("basic_auth_users: {a: " + slow + "}", "has the cost 16");
  CHECK_EQUAL(warnings_of(tls + "min_version: TLS12}"), "");
}

TEST(GnuTLS is told what the file says) {
  CHECK_EQUAL(priorities_of(parsed_tls("")),
              "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-DHE-RSA:%SERVER_PRECEDENCE");
  CHECK_EQUAL(priorities_of(parsed_tls("min_version: TLS10, max_version: TLS11, "
                                       "prefer_server_cipher_suites: false, curve_preferences: "
                                       "[X25519, CurveP521]")),
              "NORMAL:-VERS-ALL:+VERS-TLS1.1:+VERS-TLS1.0:-RSA:-DHE-RSA:-GROUP-ALL:"
              "+GROUP-X25519:+GROUP-SECP521R1");
  CHECK_EQUAL(priorities_of(parsed_tls("cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, "
                                       "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA]")),
              "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:-CIPHER-ALL:-MAC-ALL:"
              "+ECDHE-RSA:+AES-256-GCM:+AES-128-CBC:+AEAD:+SHA1:%SERVER_PRECEDENCE");
}

TEST(the example is right and shows the defaults) {
  auto x = parse_web_config(example(), "f");
  CHECK_EQUAL(lines_of(x.faults) + lines_of(x.warnings), "");
  web_config expected;
  expected.rate_limit.burst = 20;
  CHECK(x.config == expected);
}

TEST(the example names every option and no other) {
  auto text = example_all_on();
  CHECK_EQUAL(lines_of(parse_web_config(text, "f").faults), "");
  auto document = parse_document(text);
  REQUIRE(document.root != nullptr);
  std::set<std::string> shown;
  each_leaf(*document.root, {}, [&](std::string path) {
    if (path.starts_with("basic_auth_users."))
      path = "basic_auth_users.*";
    shown.insert(std::move(path));
  });
  auto options = known_web_options();
  for (const auto& option : options)
    CHECK_EQUAL(option + (shown.contains(option) ? "" : " is missing"), option);
  for (const auto& path : shown)
    CHECK(std::ranges::find(options, path) != options.end());
}
