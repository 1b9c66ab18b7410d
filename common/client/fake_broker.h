#ifndef WAYSTATION_COMMON_CLIENT_FAKE_BROKER_H_
#define WAYSTATION_COMMON_CLIENT_FAKE_BROKER_H_

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "common/clock/clock.h"
#include "common/crypto/certificate.h"
#include "common/evidence/signer.h"
#include "common/evidence/test_bus.h"
#include "common/rpc/server.h"
#include "common/rpc/test_tls.h"
#include "waystation/bus/v1/directory.grpc.pb.h"
#include "waystation/bus/v1/ledger.grpc.pb.h"
#include "waystation/bus/v1/publisher.grpc.pb.h"
#include "waystation/bus/v1/subscriber.grpc.pb.h"

namespace waystation::client {

inline constexpr char kFakeBrokerPath[] = "/broker/1";

// A broker in memory behind real mutual TLS, for tests of what talks to one. It
// keeps messages by id, answers duplicates with the first receipt, and delivers
// what is enqueued until it is acknowledged. It can misbehave on demand.
//
// Thread-safe.
class FakeBroker {
 public:
  FakeBroker(evidence::TestBus& bus, rpc::TestTls& tls, const Clock& clock);
  ~FakeBroker();

  const std::string& address() const { return address_; }
  // The connections break; the same port answers again after Start.
  void Stop();
  void Start();

  // Serves the directory of the TestBus as it is now.
  void PublishDirectory();
  // Signs receipts with a new certificate of the broker, enrolled in the
  // TestBus; serve it with `PublishDirectory`.
  void RotateSigner();

  // The next publish stream gives `results` results and ends without answering
  // the rest.
  void EndPublishAfter(int results);
  // The next `count` receipts are spoiled by `spoil` after signing.
  void SpoilReceipts(int count, std::function<void(bus::v1::PublishResult*)> spoil);
  void Refuse(const std::string& message_id);
  // Ids in the order of keeping, each once.
  std::vector<std::string> kept();
  int publish_streams();

  // Delivers a message until a receipt or nack for it comes.
  void Enqueue(const bus::v1::SignedMessage& message);
  void BreakPulls();
  std::vector<bus::v1::DeliveryReceipt> receipts();
  std::vector<bus::v1::Nack> nacks();
  std::vector<bus::v1::AckDeadlineChange> deadlines();
  bus::v1::PullOpen last_open();
  // Waits until `done` holds for this broker; the test's time limit ends it.
  void Await(const std::function<bool()>& done);

  void SetReferral(const bus::v1::Referral& referral);

 private:
  class Directory;
  class Ledger;
  class Publisher;
  class Subscriber;
  struct Queued {
    bus::v1::SignedMessage message;
    std::string id;
    uint32_t attempt = 0;
    int leased_by = 0;
    bool done = false;
  };
  struct Pull;

  bus::v1::PublishResult Keep(const bus::v1::SignedMessage& message);
  bus::v1::SignedReceipt MakeReceipt(const bus::v1::SignedMessage& message, const std::string& id)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TakeRequest(const bus::v1::StreamingPullRequest& request, Pull* pull);
  void TakeReceipts(const bus::v1::ReceiptBatch& batch, Pull* pull)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool Finish(const std::string& message_id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bus::v1::StreamingPullResponse NextFrame(Pull* pull) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  evidence::TestBus& bus_;
  rpc::TestTls& tls_;
  const Clock& clock_;
  const rpc::TlsFiles files_;
  std::vector<std::unique_ptr<grpc::Service>> services_;
  std::unique_ptr<rpc::Server> server_;
  std::string address_;
  int port_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::unique_ptr<evidence::Signer> signer_ ABSL_GUARDED_BY(mutex_);
  bus::v1::Directory directory_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, bus::v1::SignedReceipt> receipts_by_id_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> kept_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> refused_ ABSL_GUARDED_BY(mutex_);
  int end_after_ ABSL_GUARDED_BY(mutex_) = -1;
  int spoil_count_ ABSL_GUARDED_BY(mutex_) = 0;
  std::function<void(bus::v1::PublishResult*)> spoil_ ABSL_GUARDED_BY(mutex_);
  int publish_streams_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<Queued> queue_ ABSL_GUARDED_BY(mutex_);
  int pulls_ ABSL_GUARDED_BY(mutex_) = 0;
  int broken_pulls_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<bus::v1::DeliveryReceipt> receipts_ ABSL_GUARDED_BY(mutex_);
  std::vector<bus::v1::Nack> nacks_ ABSL_GUARDED_BY(mutex_);
  std::vector<bus::v1::AckDeadlineChange> deadlines_ ABSL_GUARDED_BY(mutex_);
  bus::v1::PullOpen last_open_ ABSL_GUARDED_BY(mutex_);
  bus::v1::Referral referral_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace waystation::client

#endif  // WAYSTATION_COMMON_CLIENT_FAKE_BROKER_H_
