#ifndef WAYSTATION_COMMON_AGENCY_SENDER_H_
#define WAYSTATION_COMMON_AGENCY_SENDER_H_

#include <condition_variable>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/agency/memo.h"
#include "common/agency/outbox.h"
#include "common/agency/outcome.h"
#include "waystation/bus/v1/message.pb.h"

namespace waystation::agency {

struct Runtime;

// Sends what is queued, one message of each referral at a time, the same bytes
// until the bus has answered; and takes over what the bus says of our messages
// and receipts, in groups. Private to the runtime.
//
// Thread-safe.
class Sender {
 public:
  explicit Sender(Runtime& runtime) : runtime_(runtime) {}
  ~Sender() { Stop(); }

  void Start();
  void Stop();
  // There may be something to send.
  void Wake();
  // The bus may have lost what it kept: it is asked.
  void CheckCustody();
  // The bus's word on one of our receipts.
  void Acked(std::string message_id, const absl::Status& result);

 private:
  struct News {
    std::vector<PublishOutcome> outcomes;
    std::vector<std::pair<std::string, absl::Status>> acks;

    bool empty() const { return outcomes.empty() && acks.empty(); }
  };

  void Run();
  // Asks the bus whether it has what it kept, if there is reason to.
  void AskForCustody();
  // Waits for news, a wake or the time to try again. False after `Stop`.
  bool Wait(News& news);
  void Settle(News& news);
  void Forget(const News& news, bool again);
  // Moves memos to the outbox. One that cannot be sealed now waits; one that the bus
  // has no recipient or no type for is dropped. True when there is something new to
  // send.
  bool SealMemos();
  struct MemoResult {
    const MemoDraft* draft;
    absl::StatusOr<bus::v1::SignedMessage> message;
  };
  absl::Status KeepMemoResults(const std::vector<MemoResult>& results);
  void SendReady();
  void SendOne(const Outgoing& outgoing);
  void AskForLostAcks();
  // Asks where the referrals stand whose message was refused. A refusal by a bus that
  // is behind becomes one that may be taken later.
  void RefreshRefused(News& news);
  void RefreshOne(const OutboxRow& row, PublishOutcome& outcome);

  Runtime& runtime_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool woken_ ABSL_GUARDED_BY(mutex_) = false;
  bool check_custody_ ABSL_GUARDED_BY(mutex_) = false;
  News news_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> in_flight_ ABSL_GUARDED_BY(mutex_);
  // Zero: there is nothing to try again.
  absl::Duration retry_in_ ABSL_GUARDED_BY(mutex_) = absl::ZeroDuration();
  std::thread thread_;
};

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_SENDER_H_
