#ifndef WAYSTATION_TESTS_BENCH_LOAD_H_
#define WAYSTATION_TESTS_BENCH_LOAD_H_

#include <sys/types.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/evidence/directory.h"
#include "common/evidence/signer.h"
#include "grpcpp/security/credentials.h"

namespace waystation::bench {

enum class Signing { kNone, kSingle, kBatch };

// One side of the comparison: where to send and how to sign.
struct Load {
  std::string target;
  pid_t server = 0;
  std::shared_ptr<grpc::ChannelCredentials> publisher_credentials;
  std::shared_ptr<grpc::ChannelCredentials> consumer_credentials;
  const evidence::Signer* publisher = nullptr;
  const evidence::Signer* consumer = nullptr;
  std::shared_ptr<const evidence::DirectoryView> directory;
  Signing signing = Signing::kNone;
  int frame = 1;
  int publishers = 4;
  int consumers = 4;
  // 0 sends as fast as it goes.
  int rate_per_s = 0;
  absl::Duration warm_up = absl::Seconds(1);
  absl::Duration measured = absl::Seconds(4);
};

struct Result {
  double messages_per_s = 0;
  // Of clients and server together: what a message costs whoever else is busy.
  double cpu_us_per_message = 0;
  // Of it the thread of the broker's audit log: leaves, tree, tiles, checkpoints.
  double log_us_per_message = 0;
  // From the making of a message to its verification by the receiver.
  double p50_us = 0;
  double p99_us = 0;
  uint64_t messages = 0;
};

// Runs the load: every message is signed, answered, delivered, verified and
// acknowledged with a receipt, as `signing` says. Fails when a message is
// refused, does not verify, or is lost.
absl::StatusOr<Result> Run(const Load& load);

}  // namespace waystation::bench

#endif  // WAYSTATION_TESTS_BENCH_LOAD_H_
