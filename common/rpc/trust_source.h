#ifndef WAYSTATION_COMMON_RPC_TRUST_SOURCE_H_
#define WAYSTATION_COMMON_RPC_TRUST_SOURCE_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/crypto/trust.h"

namespace waystation::rpc {

// Roots and revocation lists in files, read again when they change. A file that
// cannot be read or is wrong, and lists with a lower CRL number than before,
// leave the last good ones in force and are logged: a bad copy must neither let
// everybody in nor lock everybody out, an old one must not unrevoke.
//
//   WS_ASSIGN_OR_RETURN(auto trust, TrustSource::Create(options, clock));
//   crypto::TrustVerdict verdict = trust->Current().Check(leaf, chain, use, clock.Now());
//
// A change counts at the first question after `poll`. Replace files by rename.
// Does not own the clock.
//
// Thread-safe.
class TrustSource {
 public:
  struct Options {
    std::string roots_path;
    std::string crl_path;
    // How long after its nextUpdate a list still counts.
    absl::Duration crl_grace = absl::Hours(24);
    // How often the files are looked at; zero looks every time.
    absl::Duration poll = absl::Seconds(1);
  };

  // Errors: FAILED_PRECONDITION a file is missing or empty; INVALID_ARGUMENT it
  // cannot be parsed.
  static absl::StatusOr<std::shared_ptr<TrustSource>> Create(Options options, const Clock& clock);

  // The store in force.
  crypto::TrustStore Current();

  // Grows by one each time the store in force changes, from 1: whoever keeps
  // verdicts drops them then.
  uint64_t generation();

  // The files in force, as read.
  std::string crl_pem();
  std::string roots_pem();
  const std::string& roots_path() const { return options_.roots_path; }

 private:
  struct Loaded {
    crypto::TrustStore store;
    std::string roots_pem;
    std::string crl_pem;
    uint64_t generation;
  };

  TrustSource(Options options, const Clock& clock) : options_(std::move(options)), clock_(clock) {}
  absl::StatusOr<Loaded> Load() const;
  std::shared_ptr<const Loaded> Fresh();
  absl::Status Reload(const std::string& stamp) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Options options_;
  const Clock& clock_;
  std::mutex mutex_;
  absl::Duration looked_ ABSL_GUARDED_BY(mutex_);
  // What the files looked like when they were last read well.
  std::string stamp_ ABSL_GUARDED_BY(mutex_);
  std::string last_error_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<const Loaded> loaded_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace waystation::rpc

#endif  // WAYSTATION_COMMON_RPC_TRUST_SOURCE_H_
