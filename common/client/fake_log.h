#ifndef WAYSTATION_COMMON_CLIENT_FAKE_LOG_H_
#define WAYSTATION_COMMON_CLIENT_FAKE_LOG_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "common/clock/clock.h"
#include "common/crypto/ed25519.h"
#include "common/rpc/server.h"
#include "common/rpc/test_tls.h"
#include "common/tlog/note.h"
#include "waystation/audit/v1/log_service.grpc.pb.h"

namespace waystation::client {

// The audit log of a broker that shows whatever checkpoint a test wants, behind
// real mutual TLS.
//
// Thread-safe.
class FakeLog : public audit::v1::LogService::Service {
 public:
  FakeLog(rpc::TestTls& tls, const Clock& clock, const std::string& identity);
  ~FakeLog() override;

  const std::string& address() const { return address_; }
  const tlog::VerifierKey& key() const { return key_; }
  // Streams break; the same port answers again after Start.
  void Stop();
  void Start();

  // The body that asks to cosign the first `size` leaves of a history after
  // `old_size` of them; signed by the log unless by another.
  std::string Body(uint64_t old_size, uint64_t size, const std::string& history = "") const;
  std::string Body(uint64_t old_size, uint64_t size, const std::string& history,
                   const tlog::VerifierKey& name, const crypto::Ed25519Key& key) const;

  // The signed note of the first `size` leaves of a history, at most 255.
  std::string Note(uint64_t size, const std::string& history = "") const;
  // GetTile answers with the tiles of this history.
  void ShowTilesOf(const std::string& history);

  // Shows it on the open stream, or on the next one, and returns the answer. The
  // test's time limit ends it when there is none.
  audit::v1::CosignAnswer Ask(const std::string& body);
  // Streams end with the status as soon as nothing is to be asked; OK serves
  // again.
  void EndStreams(const grpc::Status& status);
  // Streams of this key end with the status at once.
  void Refuse(const tlog::VerifierKey& cosigner, const grpc::Status& status);

  // The opening of each stream so far.
  std::vector<audit::v1::CosignOpen> opened();
  void AwaitOpened(const std::function<bool(const std::vector<audit::v1::CosignOpen>&)>& enough);

  grpc::Status GetTile(grpc::ServerContext* call, const audit::v1::GetTileRequest* request,
                       audit::v1::GetTileResponse* response) override;
  grpc::Status Cosign(grpc::ServerContext* call,
                      grpc::ServerReaderWriter<audit::v1::CosignResponse, audit::v1::CosignRequest>*
                          stream) override;

 private:
  // What is to be done next on a stream; nothing to ask: it ends.
  std::optional<std::string> NextBody();

  const Clock& clock_;
  rpc::TestTls& tls_;
  const rpc::TlsFiles files_;
  const crypto::Ed25519Key log_key_;
  const tlog::VerifierKey key_;
  std::unique_ptr<rpc::Server> server_;
  std::string address_;
  int port_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::Status end_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, grpc::Status> refused_ ABSL_GUARDED_BY(mutex_);
  std::optional<std::string> body_ ABSL_GUARDED_BY(mutex_);
  std::string shown_history_ ABSL_GUARDED_BY(mutex_);
  std::optional<audit::v1::CosignAnswer> answer_ ABSL_GUARDED_BY(mutex_);
  std::vector<audit::v1::CosignOpen> opened_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace waystation::client

#endif  // WAYSTATION_COMMON_CLIENT_FAKE_LOG_H_
