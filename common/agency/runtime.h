#ifndef WAYSTATION_COMMON_AGENCY_RUNTIME_H_
#define WAYSTATION_COMMON_AGENCY_RUNTIME_H_

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "common/agency/agency.h"
#include "common/agency/agency_tx.h"
#include "common/agency/sealer.h"
#include "common/agency/sender.h"

namespace waystation::agency {

// What officers, sender and receiver share. Private to the runtime.
//
// Thread-safe; the plain members do not change after `Agency::Create`.
struct Runtime {
  Identity identity;
  std::shared_ptr<Store> store;
  std::unique_ptr<Bus> bus;
  const Clock* clock = nullptr;
  RandomSource random;
  Handler* handler = nullptr;
  std::unique_ptr<Sealer> sealer;

  mutable std::mutex directory_mutex;
  std::shared_ptr<const evidence::DirectoryView> directory ABSL_GUARDED_BY(directory_mutex);

  AgencyTx::Context Context(bool may_send) const;
  std::shared_ptr<const evidence::DirectoryView> Directory() const;
  // Takes a directory that is newer than the one there is.
  absl::Status TakeDirectory(const bus::v1::Directory& fresh, bool save);
  // The directory of the last run lets officers act while the broker is away.
  // Its certificates are judged by our own roots each time they are used.
  absl::Status RestoreDirectory();
};

// Applies what comes, one frame in one transaction, on the bus's thread.
//
// Thread-safe.
class Receiver : public BusListener {
 public:
  Receiver(Runtime& runtime, Sender& sender) : runtime_(runtime), sender_(sender) {}

  bool WaitConnected(absl::Duration timeout);

  void OnDirectory(const bus::v1::Directory& directory) override;
  void OnConnected() override;
  void OnStillConnected() override;
  void OnDisconnected(const absl::Status& why) override;
  FrameReply OnFrame(std::vector<VerifiedDelivery> frame) override;
  void OnAckResult(std::string_view message_id, const absl::Status& result) override;

 private:
  Runtime& runtime_;
  Sender& sender_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool connected_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_RUNTIME_H_
