#ifndef WAYSTATION_COMMON_AGENCY_FAKE_EXCHANGE_H_
#define WAYSTATION_COMMON_AGENCY_FAKE_EXCHANGE_H_

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/agency/bus.h"
#include "common/agency/handoff.h"
#include "common/clock/clock.h"

namespace waystation::agency {

// A bus in memory for tests of agencies: keeps versions and states of referrals
// as the broker does, refuses what it would refuse for them, and delivers when
// the test says so. It verifies no signature.
//
//   FakeExchange exchange(clock);
//   parts.bus = exchange.Connect(identity);
//   ...
//   exchange.WaitForPublished(1);
//   exchange.Deliver(target);
//
// Thread-safe.
class FakeExchange {
 public:
  explicit FakeExchange(const Clock& clock) : clock_(clock) {}

  // What every agency that starts is told.
  void SetDirectory(const bus::v1::Directory& directory);

  // The connection of one agency; must not outlive the exchange. A later one of
  // the same identity takes the place of the earlier.
  std::unique_ptr<Bus> Connect(const std::string& identity);

  // Gives `identity` what waits for it, as one frame, and takes its receipts.
  // Returns how many messages that were. With `lose_receipts` the receipts
  // never arrive, as when the connection breaks behind the frame.
  size_t Deliver(const std::string& identity, bool lose_receipts = false);

  // Waits until `count` messages were published in all, kept or refused. False
  // after ten seconds.
  bool WaitForPublished(size_t count);

  // While off, everything published is UNAVAILABLE.
  void SetUp(bool up);
  // Receipts come on the record, but their results never arrive.
  void LoseAckResults(bool lose);
  // Refuses the next message with this status.
  void RefuseNext(const absl::Status& refusal);
  // Changes the message that waits first for `identity`.
  bus::v1::SignedMessage* FirstWaiting(const std::string& identity);

  // Keeps a copy of everything that the exchange has; goes back to it, as a broker
  // does whose journal comes back from a backup, under another log.
  void Backup();
  void Restore();
  // Tells `identity` that the exchange is still there.
  void Tell(const std::string& identity);

  // Serialized receipt batches as they came from `identity`.
  std::vector<std::string> ReceiptsFrom(const std::string& identity);
  // Messages kept, in order.
  std::vector<bus::v1::Header> Kept();
  // Messages given back, as "<message id> <reason>".
  std::vector<std::string> GivenBack();
  absl::StatusOr<bus::v1::Referral> Find(std::string_view referral_id);

 private:
  class Connection;
  struct Waiting {
    bus::v1::SignedMessage message;
    uint32_t attempt = 0;
    absl::Time accept_time;
  };
  struct Entry {
    bus::v1::Referral referral;
    Standing standing;
    std::vector<std::string> receipts;
    bus::v1::GetReferralHistoryResponse history;  // Its messages, in order.
  };

  absl::StatusOr<bus::v1::SignedReceipt> Accept(const bus::v1::SignedMessage& message);
  absl::Status Move(const bus::v1::Header& header) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Record(const bus::v1::Header& header, const bus::v1::SignedMessage& message,
              const bus::v1::SignedReceipt& custody) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TakeReceipts(const std::string& identity, const FrameReply& reply);
  std::vector<std::string> RecordReceipt(const std::string& identity, const std::string& bytes)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // What a broker's journal holds.
  struct Journal {
    std::map<std::string, std::deque<Waiting>> queues;
    std::map<std::string, Entry, std::less<>> referrals;
    std::map<std::string, bus::v1::SignedReceipt> custody;
    std::vector<bus::v1::Header> kept;
  };

  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bus::v1::Directory directory_ ABSL_GUARDED_BY(mutex_);
  bool up_ ABSL_GUARDED_BY(mutex_) = true;
  bool lose_ack_results_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status refuse_next_ ABSL_GUARDED_BY(mutex_);
  size_t published_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, BusListener*> listeners_ ABSL_GUARDED_BY(mutex_);
  Journal journal_ ABSL_GUARDED_BY(mutex_);
  Journal backup_ ABSL_GUARDED_BY(mutex_);
  int log_ ABSL_GUARDED_BY(mutex_) = 1;
  std::map<std::string, std::vector<std::string>> receipts_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> given_back_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_FAKE_EXCHANGE_H_
