// X.509 certificates.
#define SUITE certificate

#include "test/unit/certificates.hpp"
#include "test/unit/test.hpp"

using namespace pgstatsmon;

namespace {

constexpr std::time_t early = 1'900'000'000;
constexpr std::time_t late = 2'000'000'000;

} // namespace

TEST(a chain ends with the first of its certificates that ends) {
  auto pem = test::make_key_pair(late).certificate + test::make_key_pair(early).certificate;
  auto chain = read_certificates(pem);
  REQUIRE(chain.certificates.size() == 2u);
  CHECK_EQUAL(first_end(chain.certificates), early);
}

TEST(what is no certificate is an error) {
  CHECK(read_certificates("").error < 0);
  CHECK(read_certificates("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").error
        < 0);
  unsigned char noise[] = {1, 2, 3};
  CHECK(read_der({noise, sizeof(noise)}) == nullptr);
}

TEST(names of any length are read) {
  std::string longest = std::string(60, 'a') + '.' + std::string(60, 'b') + '.'
                        + std::string(60, 'c') + '.' + std::string(60, 'd') + '.'
                        + std::string(60, 'e');
  auto chain = read_certificates(test::make_key_pair(late, {"db.example", longest}).certificate);
  REQUIRE(chain.certificates.size() == 1u);
  CHECK(names_of(chain.certificates[0].get()) == (std::vector<std::string>{"db.example", longest}));
}
