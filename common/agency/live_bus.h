#ifndef WAYSTATION_COMMON_AGENCY_LIVE_BUS_H_
#define WAYSTATION_COMMON_AGENCY_LIVE_BUS_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "common/agency/bus.h"
#include "common/client/bus_client.h"
#include "common/client/publish_stream.h"
#include "common/client/pull_stream.h"
#include "waystation/bus/v1/directory.grpc.pb.h"
#include "waystation/bus/v1/ledger.grpc.pb.h"
#include "waystation/bus/v1/publisher.grpc.pb.h"

namespace waystation::agency {

// The bus over gRPC: one client, one publish stream, one pull stream, and a
// thread that keeps the directory fresh and so learns whether the broker is
// there.
//
// Thread-safe.
class LiveBus : public Bus {
 public:
  // What gets the audit log's cosigned checkpoints; must not block.
  using OnCheckpoint = std::function<void(const std::string& note)>;

  // `client_id` names this receiver in the broker's status.
  LiveBus(std::shared_ptr<client::BusClient> client, std::string client_id,
          OnCheckpoint on_checkpoint = nullptr);
  ~LiveBus() override;

  void Start(BusListener* listener) override;
  void Stop() override;
  void Publish(const std::string& message_id, const bus::v1::SignedMessage& message,
               PublishDone done) override;
  absl::StatusOr<bus::v1::Referral> GetReferral(std::string_view referral_id,
                                                absl::Duration timeout) override;
  absl::StatusOr<CustodyFound> CustodyOnRecord(const std::vector<std::string>& message_ids,
                                               absl::Duration timeout) override;
  absl::StatusOr<std::vector<std::string>> ReceiptsOnRecord(std::string_view referral_id,
                                                            absl::Duration timeout) override;
  absl::StatusOr<Evidence> GetEvidence(std::string_view referral_id,
                                       absl::Duration timeout) override;

 private:
  absl::StatusOr<bus::v1::GetReferralHistoryResponse> History(std::string_view referral_id,
                                                              absl::Duration timeout);
  void WatchDirectory();
  // Asks once. Returns whether the broker answered.
  absl::Status Look(uint64_t& version);
  void Report(const absl::Status& looked, bool& connected);
  bool SleepFor(absl::Duration duration);
  void StartPulling();
  void OnOutcome(client::PublishOutcome outcome);
  client::FrameAnswer OnFrame(std::vector<client::VerifiedDelivery> frame);
  PublishDone TakeDone(const std::string& message_id);

  const std::shared_ptr<client::BusClient> client_;
  const std::string client_id_;
  const OnCheckpoint on_checkpoint_;
  const std::unique_ptr<bus::v1::LedgerService::Stub> ledger_;
  const std::unique_ptr<bus::v1::DirectoryService::Stub> directory_;
  const std::unique_ptr<bus::v1::PublisherService::Stub> publisher_;
  BusListener* listener_ = nullptr;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<std::string, PublishDone> waiting_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<client::PublishStream> publish_;
  std::unique_ptr<client::PullStream> pull_;  // Made by `watcher_`, ended after it.
  std::thread watcher_;
};

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_LIVE_BUS_H_
