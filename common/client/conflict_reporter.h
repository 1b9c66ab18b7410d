#ifndef WAYSTATION_COMMON_CLIENT_CONFLICT_REPORTER_H_
#define WAYSTATION_COMMON_CLIENT_CONFLICT_REPORTER_H_

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/ids/random.h"
#include "common/tlog/cosigner.h"
#include "grpcpp/channel.h"
#include "waystation/audit/v1/audit_service.grpc.pb.h"

namespace waystation::client {

// Hands the proof that a broker showed two histories to the auditor, past the broker:
// over a connection of its own. The proof is on disk before it is sent and stays there
// until the auditor has it, also over restarts.
//
//   ConflictReporter reporter(auditor_channel, path, {});
//   ... on_conflict = [&](const auto& conflict) { reporter.Report(conflict); };
//   reporter.Stop();
//
// One proof is as good as ten: while one waits, others are dropped.
// Without an auditor (a null channel) it is kept for whoever asks.
//
// Thread-safe.
class ConflictReporter {
 public:
  struct Options {
    absl::Duration backoff_min = absl::Milliseconds(200);
    absl::Duration backoff_max = absl::Seconds(30);
    absl::Duration call_timeout = absl::Seconds(5);
    RandomSource random = SystemRandom;
  };

  // `path` is a file of this reporter alone, in a folder that is there.
  ConflictReporter(std::shared_ptr<grpc::Channel> auditor, std::string path, Options options);
  ~ConflictReporter();

  // Keeps the proof and begins to send it. Waits for the disk alone.
  void Report(const tlog::Cosigner::Conflict& conflict);

  // Ends the thread. Later calls do nothing.
  void Stop();

 private:
  void Run();
  absl::Status Send();
  absl::Status PutAside();
  bool Waits() const;

  const std::string path_;
  const Options options_;
  const std::unique_ptr<audit::v1::AuditService::Stub> stub_;  // Null without an auditor.
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::mutex stop_mutex_;
  std::thread thread_;
};

}  // namespace waystation::client

#endif  // WAYSTATION_COMMON_CLIENT_CONFLICT_REPORTER_H_
