#ifndef WAYSTATION_COMMON_CRYPTO_PKEY_CONTEXTS_H_
#define WAYSTATION_COMMON_CRYPTO_PKEY_CONTEXTS_H_

#include <mutex>
#include <utility>
#include <vector>

#include "common/crypto/openssl.h"

namespace waystation::crypto {

// Initialised EVP_PKEY_CTX objects of one key, lent to one thread at a time.
// Making one looks up the algorithm in a provider, 4 % of a signature check and
// 10 % of a signature as measured, and one object may not serve two threads at
// once. Keeps as many as ever ran at once, at most kKept.
//
//   OpenSslPtr<EVP_PKEY_CTX> context = contexts.Take(key);  // null on failure
//   ... EVP_PKEY_verify(context.get(), ...) ...
//   contexts.Return(std::move(context));
//
// Thread-safe.
class PkeyContexts {
 public:
  // EVP_PKEY_sign_init or EVP_PKEY_verify_init.
  explicit PkeyContexts(int (*init)(EVP_PKEY_CTX*)) : init_(init) {}

  OpenSslPtr<EVP_PKEY_CTX> Take(EVP_PKEY* key) {
    {
      std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        OpenSslPtr<EVP_PKEY_CTX> context = std::move(idle_.back());
        idle_.pop_back();
        return context;
      }
    }
    OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
    if (context == nullptr || init_(context.get()) != 1) return nullptr;
    return context;
  }

  void Return(OpenSslPtr<EVP_PKEY_CTX> context) {
    std::lock_guard lock(mutex_);
    if (idle_.size() < kKept) idle_.push_back(std::move(context));
  }

 private:
  static constexpr size_t kKept = 16;

  int (*const init_)(EVP_PKEY_CTX*);
  std::mutex mutex_;
  std::vector<OpenSslPtr<EVP_PKEY_CTX>> idle_;  // Guarded by mutex_.
};

}  // namespace waystation::crypto

#endif  // WAYSTATION_COMMON_CRYPTO_PKEY_CONTEXTS_H_
