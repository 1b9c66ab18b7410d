#ifndef WAYSTATION_COMMON_CLIENT_COSIGN_STREAM_H_
#define WAYSTATION_COMMON_CLIENT_COSIGN_STREAM_H_

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/client/backoff.h"
#include "common/client/bus_client.h"
#include "common/crypto/ed25519.h"
#include "common/ids/random.h"
#include "common/tlog/cosigner.h"
#include "common/tlog/note.h"
#include "common/tlog/policy.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/sync_stream.h"
#include "waystation/audit/v1/log_service.grpc.pb.h"

namespace waystation::client {

// Who cosigns which log.
struct CosignerKey {
  tlog::VerifierKey name;  // As the log's policy has it.
  crypto::Ed25519Key key;
  tlog::Policy policy;  // Of one log or more keys of one origin.
};

// Cosigns the checkpoints that the broker shows: each that extends the one
// before, and only once it is kept. So the broker cannot show this agency one
// history and others another without a proof of it in two signed notes.
//
//   CosignStream stream(client, std::move(cosigner),
//                       std::make_unique<FileCosigner>(path), options);
//   ...
//   stream.Stop();
//
// A stream that breaks is made again: after the shortest wait when it brought a
// checkpoint, else after a backoff, and after a refusal, which time alone does not
// heal, after the longest wait. No delivery waits for it: it has a thread of its
// own, and no lock that others take.
//
// Thread-safe.
class CosignStream {
 public:
  struct Options {
    absl::Duration backoff_min = absl::Milliseconds(100);
    absl::Duration backoff_max = absl::Seconds(10);
    RandomSource random = SystemRandom;
    // A checkpoint that the log signed and that does not extend the kept one: both
    // notes, on the stream's thread. Logged in any case. May not call Stop.
    tlog::Cosigner::OnConflict on_conflict = nullptr;
  };

  // Connects at once. `client` is kept.
  CosignStream(std::shared_ptr<BusClient> client, CosignerKey cosigner,
               std::unique_ptr<tlog::CosignerStore> store, Options options);
  ~CosignStream();

  // Ends the stream and the thread, also where they wait. Later calls do nothing.
  void Stop();

 private:
  using Stream =
      grpc::ClientReaderWriterInterface<audit::v1::CosignRequest, audit::v1::CosignResponse>;

  void Run();
  // One stream from beginning to end; why it ended. `*asked` says whether the
  // broker showed a checkpoint.
  absl::Status RunSession(bool* asked);
  void Answer(Stream& stream, bool* asked);
  audit::v1::CosignRequest OpenRequest();
  // Size of the tree that was cosigned last.
  uint64_t KeptSize();
  void OnConflict(const tlog::Cosigner::Conflict& conflict);
  // Both log what is new, once.
  void TellEnd(const absl::Status& why);
  void TellReply(const tlog::AddCheckpointReply& reply);

  const std::shared_ptr<BusClient> client_;
  const Options options_;
  const std::vector<tlog::VerifierKey> log_keys_;
  const std::unique_ptr<tlog::CosignerStore> store_;
  tlog::Cosigner cosigner_;
  const std::unique_ptr<audit::v1::LogService::Stub> stub_;
  std::string told_end_;  // Of the stream's thread, like the next one.
  int told_code_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::shared_ptr<grpc::ClientContext> context_ ABSL_GUARDED_BY(mutex_);
  std::mutex stop_mutex_;
  std::thread thread_;
};

}  // namespace waystation::client

#endif  // WAYSTATION_COMMON_CLIENT_COSIGN_STREAM_H_
