// OpenSSL's HMACs as libpq begins them, with and without an allowance.
#define SUITE hash_allowance

#include "actors/backend/hash_allowance.hpp"

#include "test/unit/test.hpp"

#include <memory>
#include <thread>

#include <openssl/evp.h>
#include <openssl/types.h>

using namespace pgstatsmon;

// OpenSSL's header calls them deprecated; libpq 15 uses them all the same.
extern "C" {
HMAC_CTX* HMAC_CTX_new();
void HMAC_CTX_free(HMAC_CTX* context);
int HMAC_Init_ex(HMAC_CTX* context, const void* key, int size, const EVP_MD* digest,
                 ENGINE* engine);
}

namespace {

/// How many of a hundred can be begun.
int begun() {
  std::unique_ptr<HMAC_CTX, decltype(&HMAC_CTX_free)> context{HMAC_CTX_new(), HMAC_CTX_free};
  int result = 0;
  for (int i = 0; i < 100; ++i)
    result += HMAC_Init_ex(context.get(), "key", 3, EVP_sha256(), nullptr);
  return result;
}

} // namespace

TEST(a thread begins as many as its allowance has) {
  CHECK_EQUAL(begun(), 100);
  {
    hash_allowance aut{30};
    CHECK(!aut.exceeded());
    CHECK_EQUAL(begun(), 30);
    CHECK(aut.exceeded());
  }
  CHECK_EQUAL(begun(), 100);
}

TEST(what suffices is not exceeded) {
  hash_allowance aut{100};
  CHECK_EQUAL(begun(), 100);
  CHECK(!aut.exceeded());
}

TEST(other threads have their own) {
  hash_allowance aut{1};
  int elsewhere = 0;
  std::thread{[&elsewhere] { elsewhere = begun(); }}.join();
  CHECK_EQUAL(elsewhere, 100);
  CHECK(!aut.exceeded());
}
