// What a TLS session of the page needs.
#define SUITE tls

#include "actors/exposition/tls.hpp"

#include "test/unit/certificates.hpp"
#include "test/unit/test.hpp"

using namespace pgstatsmon;

namespace {

constexpr std::time_t day = 86'400;
constexpr std::time_t now = 1'900'000'000;

struct loaded {
  std::shared_ptr<const tls_credentials> credentials;
  std::vector<fault> faults;
  std::vector<fault> warnings;
};

loaded load(const test::key_pair& from, const std::string& key) {
  tls_server_config config;
  config.cert.text = from.certificate;
  config.key.text = key;
  loaded result;
  result.credentials = tls_credentials::load(config, now, result.faults, result.warnings);
  return result;
}

} // namespace

TEST(a good certificate has its end and no complaint) {
  auto pair = test::make_key_pair(now + 90 * day);
  auto found = load(pair, pair.key);
  REQUIRE(found.credentials != nullptr);
  CHECK_EQUAL(found.credentials->expiry(), now + 90 * day);
  CHECK(found.faults.empty());
  CHECK(found.warnings.empty());
}

TEST(a certificate that ends soon or has ended is a warning) {
  for (auto end : {now + 3 * day, now - day}) {
    auto pair = test::make_key_pair(end);
    auto found = load(pair, pair.key);
    CHECK(found.credentials != nullptr);
    CHECK_EQUAL(found.warnings.size(), 1u);
  }
}

TEST(a key of another certificate is a fault) {
  auto found = load(test::make_key_pair(now + 90 * day), test::make_key_pair(now + 90 * day).key);
  CHECK(found.credentials == nullptr);
  CHECK_EQUAL(found.faults.size(), 1u);
}

TEST(a session is prepared) {
  auto pair = test::make_key_pair(now + 90 * day);
  auto found = load(pair, pair.key);
  REQUIRE(found.credentials != nullptr);
  gnutls_session_t session = nullptr;
  REQUIRE(gnutls_init(&session, GNUTLS_SERVER) == 0);
  CHECK(found.credentials->prepare(session));
  gnutls_deinit(session);
}
