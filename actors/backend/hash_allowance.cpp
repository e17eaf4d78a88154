// HMAC_Init_ex() of the whole program: OpenSSL's, within the thread's allowance.
#include "actors/backend/hash_allowance.hpp"

#include <dlfcn.h>
#include <openssl/types.h>

namespace pgstatsmon {

namespace {

thread_local hash_allowance* current = nullptr;

using begin_hash = int (*)(HMAC_CTX*, const void*, int, const EVP_MD*, ENGINE*);

begin_hash openssl() {
  static const auto result = reinterpret_cast<begin_hash>(dlsym(RTLD_NEXT, "HMAC_Init_ex"));
  return result;
}

} // namespace

hash_allowance::hash_allowance(size_t hashes) noexcept : left_{hashes} {
  current = this;
}

hash_allowance::~hash_allowance() {
  current = nullptr;
}

bool hash_allowance::take() noexcept {
  if (left_ == 0)
    exceeded_ = true;
  else
    --left_;
  return !exceeded_;
}

} // namespace pgstatsmon

// Takes the place of OpenSSL's, also for libraries. OpenSSL: 1 for success, 0 for an error.
extern "C" int HMAC_Init_ex(HMAC_CTX* context, const void* key, int size, const EVP_MD* digest,
                            ENGINE* engine) {
  auto* allowance = pgstatsmon::current;
  auto begin = pgstatsmon::openssl();
  if (begin == nullptr || (allowance != nullptr && !allowance->take()))
    return 0;
  return begin(context, key, size, digest, engine);
}
