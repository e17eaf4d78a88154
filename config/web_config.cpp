// Reads the web configuration with the reader of the main one.
#include "config/web_config.hpp"

#include "config/reader.hpp"
#include "config/tls_names.hpp"
#include "config/values.hpp"
#include "config/web_values.hpp"

#include <array>
#include <exception>
#include <filesystem>

namespace pgstatsmon {

namespace {

using std::string_view;

std::optional<std::string> parse_suite(const value& x) {
  auto name = parse_word(x);
  if (!name || find_cipher_suite(*name) != nullptr)
    return name;
  x.complain("is no cipher suite of ours, expected one of Go's, as in "
             "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
  return std::nullopt;
}

std::optional<std::string> parse_curve(const value& x) {
  auto name = parse_word(x);
  if (!name || !group_of_curve(*name).empty())
    return name;
  x.complain("is no curve of ours, expected CurveP256, CurveP384, CurveP521 or X25519");
  return std::nullopt;
}

auto parse_client_auth() {
  return choice<client_auth>({{"NoClientCert", client_auth::none},
                              {"RequestClientCert", client_auth::request},
                              {"RequireAnyClientCert", client_auth::require_any},
                              {"VerifyClientCertIfGiven", client_auth::verify_if_given},
                              {"RequireAndVerifyClientCert", client_auth::verify},
                              // What the toolkit once called RequireAnyClientCert.
                              {"RequireClientCert", client_auth::require_any}});
}

auto parse_version() {
  return choice<tls_version>({{"TLS13", tls_version::tls13},
                              {"TLS12", tls_version::tls12},
                              {"TLS11", tls_version::tls11},
                              {"TLS10", tls_version::tls10}});
}

/// A list of words, each as `parse` wants it.
template <class Parse>
value read_list(const value& list, std::vector<std::string>& x, Parse parse) {
  list.describe();
  if (!list.run().describing)
    list.each([&](const value& item) {
      if (auto word = parse(item))
        x.push_back(std::move(*word));
    });
  return list;
}

/// What may stand here or in a file. Of both the file is taken, as the toolkit does it.
bool read_text_or_file(fields& s, string_view key, placed_text& text, placed_text& file) {
  auto here = s.get(key).read(text, parse_placed);
  // The key of the file's option is a literal too.
  auto there = s.get(key == "cert"  ? "cert_file"
                     : key == "key" ? "key_file"
                                    : "client_ca_file")
                 .read(file, parse_placed_path);
  if (here.given() && there.given()) {
    here.warn("has no effect, the file is used");
    text = {};
  }
  return here.given() || there.given();
}

/// Says what GnuTLS makes of a list of suites.
void warn_of_suites(const value& list, const tls_server_config& x) {
  auto has13 = x.max_version == tls_version::tls13;
  std::string more;
  for (auto name : more_suites_than(x.cipher_suites))
    more += (more.empty() ? "" : ", ") + std::string{name};
  if (!more.empty())
    list.warn("allows these too, GnuTLS combines the parts of suites: " + more);
  auto key_exchange = false;
  auto aead = false;
  for (const auto& name : x.cipher_suites) {
    const auto* suite = find_cipher_suite(name);
    key_exchange |= !suite->key_exchange.empty();
    aead |= suite->mac == "AEAD";
  }
  if (has13 && aead)
    list.warn("limits the ciphers of TLS 1.3 too: GnuTLS has one list for all versions");
  else if (has13)
    list.warn("has no cipher of TLS 1.3, which is switched off by it");
  if (!key_exchange && x.min_version < tls_version::tls13)
    list.warn("has suites of TLS 1.3 only, older versions are switched off by it");
}

void check_clients(const value& ca, const value& auth, const value& sans,
                   const tls_server_config& x) {
  auto verified = x.client == client_auth::verify || x.client == client_auth::verify_if_given;
  if (ca.given() && x.client == client_auth::none)
    ca.complain("has no effect without a client_auth_type, expected RequireAndVerifyClientCert "
                "there, or no authority here");
  if (sans.given() && x.client_allowed_sans.empty())
    sans.complain("is empty, expected a name");
  else if (sans.given() && x.client != client_auth::require_any && x.client != client_auth::verify)
    sans.complain("can't be met, expected RequireAndVerifyClientCert or RequireAnyClientCert as "
                  "client_auth_type");
  if (verified && !ca.given())
    auth.warn("without a client_ca_file lets in every certificate of the system's authorities");
  if (x.client == client_auth::request || x.client == client_auth::require_any)
    auth.warn("verifies no certificate: anybody can make one");
}

void read_tls(const value& self, std::optional<tls_server_config>& to) {
  tls_server_config x;
  fields s{self};
  auto cert = read_text_or_file(s, "cert", x.cert, x.cert_file);
  auto key = read_text_or_file(s, "key", x.key, x.key_file);
  auto auth = s.get("client_auth_type").read(x.client, parse_client_auth());
  auto has_ca = read_text_or_file(s, "client_ca", x.client_ca, x.client_ca_file);
  auto ca_text = s.get("client_ca");
  auto ca = ca_text.given() ? ca_text : s.get("client_ca_file");
  auto sans = read_list(s.get("client_allowed_sans"), x.client_allowed_sans, parse_word);
  auto min = s.get("min_version").read(x.min_version, parse_version());
  s.get("max_version").read(x.max_version, parse_version());
  auto suites = read_list(s.get("cipher_suites"), x.cipher_suites, parse_suite);
  s.get("prefer_server_cipher_suites").read(x.prefer_server_cipher_suites, parse_boolean);
  read_list(s.get("curve_preferences"), x.curve_preferences, parse_curve);
  if (self.run().describing || !self.given())
    return;
  if (!cert && !key && !has_ca && !auth.given()) {
    self.warn("has no cert_file and key_file: TLS is off");
    return;
  }
  if (!cert)
    self.complain("has no certificate, expected cert_file or cert");
  if (!key)
    self.complain("has no key, expected key_file or key");
  check_clients(ca, auth, sans, x);
  if (x.min_version > x.max_version)
    min.complain("is above max_version, expected one that is not");
  else if (x.min_version < tls_version::tls12)
    min.warn("allows versions of TLS that are broken, expected TLS12");
  if (!x.cipher_suites.empty())
    warn_of_suites(suites, x);
  to = std::move(x);
}

void read_headers(const value& self, web_config& to) {
  fields s{self};
  auto read = [&](string_view name, std::initializer_list<string_view> allowed) {
    std::string text;
    auto x = s.get(name).read(text, parse_header);
    auto matches = allowed.size() == 0;
    for (auto word : allowed)
      matches |= text == word;
    if (text.empty())
      return;
    if (!matches)
      return x.complain(
        "is none of its values, expected "
        + std::string{name == "X-Frame-Options" ? "deny or sameorigin" : "nosniff"});
    to.headers.emplace_back(name, std::move(text));
  };
  read("Content-Security-Policy", {});
  read("X-Frame-Options", {"deny", "sameorigin"});
  read("X-Content-Type-Options", {"nosniff"});
  read("X-XSS-Protection", {});
  read("Strict-Transport-Security", {});
}

void read_http(const value& self, web_config& to) {
  fields s{self};
  auto http2 = false;
  auto given = s.get("http2").read(http2, parse_boolean);
  if (given.given() && http2)
    given.warn("has no effect, HTTP/1.1 is served");
  read_headers(s.get("headers"), to);
}

void read_users(const value& self, web_config& to) {
  self.each_entry([&](string_view name, const value& x) {
    x.describe();
    if (!x.given())
      return;
    if (name.find(':') != string_view::npos)
      x.warn("can't log in, a user's name ends at its first colon");
    if (auto hash = parse_bcrypt(x))
      to.users.emplace(name, std::move(*hash));
  });
}

void read_rate_limit(const value& self, rate_limit_config& x) {
  fields s{self};
  s.get("interval").read(x.interval, parse_go_duration);
  auto burst = s.get("burst").read(x.burst, integer<uint32_t>(0, 1'000'000));
  if (x.interval.count() > 0 && x.burst == 0)
    burst.complain("is 0, expected 1 or more: every request would be refused");
}

void read_all(const value& root, web_config& x) {
  fields top{root};
  read_tls(top.get("tls_server_config"), x.tls);
  read_http(top.get("http_server_config"), x);
  read_users(top.get("basic_auth_users"), x);
  read_rate_limit(top.get("rate_limit"), x.rate_limit);
  if (!x.users.empty() && !x.tls)
    top.get("basic_auth_users").warn("without TLS: passwords can be read on the way");
}

parsed_web_config parse(string_view text, const std::string& file) {
  auto document = parse_document(text);
  // Empty is not "nothing is asked for": it may be a file that is being written, and the door
  // would stand open.
  if (document.root == nullptr)
    return {{}, {std::move(document.problem)}, {}};
  reading run;
  run.directory = std::filesystem::path{file}.parent_path().string();
  run.known = known_web_options();
  parsed_web_config result;
  const auto* root = document.root.get();
  if (root->type != document_node::kind::object)
    value{run, root, {}, root}.complain_type("an object");
  else
    read_all({run, root, {}, root}, result.config);
  result.faults = std::move(run.faults);
  result.warnings = std::move(run.warnings);
  return result;
}

} // namespace

std::vector<std::string> web_config::files() const {
  std::vector<std::string> result;
  if (tls)
    for (const auto* x : {&tls->cert_file, &tls->key_file, &tls->client_ca_file})
      if (!x->text.empty())
        result.push_back(x->text);
  return result;
}

parsed_web_config parse_web_config(string_view text, const std::string& file) {
  try {
    return parse(text, file);
  } catch (const std::exception& e) {
    return {{}, {fault{0, 0, {}, e.what()}}, {}};
  }
}

std::vector<std::string> known_web_options() {
  reading run;
  run.describing = true;
  web_config unused;
  read_all({run, nullptr, {}, nullptr}, unused);
  return std::move(run.options);
}

} // namespace pgstatsmon
