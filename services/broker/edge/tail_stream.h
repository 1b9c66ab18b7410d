#ifndef WAYSTATION_SERVICES_BROKER_EDGE_TAIL_STREAM_H_
#define WAYSTATION_SERVICES_BROKER_EDGE_TAIL_STREAM_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "common/journal/journal.h"
#include "grpcpp/support/server_callback.h"
#include "waystation/operations/v1/operations.pb.h"

namespace waystation::broker {

// Follows the journal for one auditor, with a thread of its own that sleeps
// while nothing is new. There are few auditors.
//
// Held by gRPC and by its thread; `journal` must outlive both.
// Thread-safe: `End`.
class TailStream : public grpc::ServerWriteReactor<operations::v1::TailRecordsResponse>,
                   public std::enable_shared_from_this<TailStream> {
 public:
  // `done` is called once, when the call is over.
  TailStream(journal::Journal& journal, uint64_t from_sequence,
             std::function<void(const TailStream*)> done)
      : journal_(journal), next_(from_sequence), done_(std::move(done)) {}

  void Begin();
  void End();

 private:
  void Run();
  absl::Status WriteBlock(const journal::Block& block);
  // Waits until the response has left; false when the stream is over.
  bool Write(operations::v1::TailRecordsResponse response);
  bool ending();
  void OnWriteDone(bool ok) override;
  void OnCancel() override { End(); }
  void OnDone() override {
    done_(this);
    self_.reset();
  }

  journal::Journal& journal_;
  uint64_t next_;
  const std::function<void(const TailStream*)> done_;
  operations::v1::TailRecordsResponse response_;
  std::shared_ptr<TailStream> self_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_EDGE_TAIL_STREAM_H_
