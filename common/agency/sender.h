#ifndef WAYSTATION_COMMON_AGENCY_SENDER_H_
#define WAYSTATION_COMMON_AGENCY_SENDER_H_

#include <condition_variable>
#include <mutex>
#include <optional>
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
#include "common/agency/retries.h"
#include "waystation/bus/v1/message.pb.h"

namespace waystation::agency {

struct Runtime;

// Sends what is queued, one message of each referral at a time, the same bytes
// until the bus has answered; and takes over what the bus says of our messages
// and receipts, in groups. What the bus had and lost goes again in rounds, each in the
// order of then and only after the one before was answered. Private to the runtime.
//
// Thread-safe.
class Sender {
 public:
  explicit Sender(Runtime& runtime);
  ~Sender() { Stop(); }

  void Start();
  void Stop();
  // There may be something to send.
  void Wake();
  // The bus is there, or there again: what waited is tried at once.
  void Connected();
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
  // How long to wait when nothing happens; nothing: until something does.
  std::optional<absl::Duration> Patience() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
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
  void SendAgain();
  // False: it is under way, waits, or there is no room.
  bool Take(const Outgoing& outgoing);
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
  std::set<std::string> again_in_flight_ ABSL_GUARDED_BY(mutex_);
  bool again_waits_ ABSL_GUARDED_BY(mutex_) = true;  // Or may, as at the start.
  bool again_progress_ ABSL_GUARDED_BY(mutex_) = false;
  Retries retries_ ABSL_GUARDED_BY(mutex_);
  // For what has no message: memos to seal, lost results. Zero: there is nothing.
  absl::Duration retry_in_ ABSL_GUARDED_BY(mutex_) = absl::ZeroDuration();
  // The sender's thread alone.
  AgainCursor again_cursor_;
  absl::Duration custody_asked_ = absl::ZeroDuration();
  std::thread thread_;
};

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_SENDER_H_
