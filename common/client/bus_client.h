#ifndef WAYSTATION_COMMON_CLIENT_BUS_CLIENT_H_
#define WAYSTATION_COMMON_CLIENT_BUS_CLIENT_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/client/directory_cache.h"
#include "common/clock/clock.h"
#include "common/evidence/signer.h"
#include "common/rpc/trust_source.h"
#include "grpcpp/channel.h"
#include "grpcpp/security/credentials.h"
#include "waystation/bus/v1/directory.pb.h"
#include "waystation/bus/v1/ledger.pb.h"
#include "waystation/bus/v1/message.pb.h"

namespace waystation::client {

// How long one try at the connection takes, and so at most a stop of a stream.
inline constexpr absl::Duration kConnectPatience = absl::Seconds(1);

// A kept message: the broker's custody receipt, verified.
struct Published {
  bus::v1::SignedReceipt signed_receipt;
  bus::v1::CustodyReceipt receipt;
  bool duplicate = false;
};

// One identity's way to the bus: the channel to the broker, the signer, the
// directory, and the calls that are no streams.
//
//   BusClient::Options options{...};
//   auto client = std::make_shared<BusClient>(std::move(options), clock);
//   WS_ASSIGN_OR_RETURN(Published kept, client->Publish(message));
//
// Nothing of the broker is believed that is not signed: custody receipts are
// verified against the broker's enrolled certificate, and every certificate
// against `trust`, which is the agency's own file. Calls end after
// `call_timeout` with DEADLINE_EXCEEDED; then what became of a message is not
// known, and sending it again is safe.
//
// Thread-safe.
class BusClient {
 public:
  struct Options {
    std::string target;  // "host:port"
    std::shared_ptr<grpc::ChannelCredentials> credentials;
    std::string broker_identity;
    std::shared_ptr<rpc::TrustSource> trust;
    // Null for an identity that only reads.
    std::shared_ptr<const evidence::Signer> signer;
    absl::Duration call_timeout = absl::Seconds(10);
    absl::Duration directory_refresh_min = absl::Seconds(1);
  };

  // `clock` must outlive the client. Does not connect yet.
  BusClient(Options options, const Clock& clock);

  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  // Works on the connection for at most `patience`. In a process that serves
  // nothing nobody else does: gRPC makes a connection only while someone waits.
  // Errors: UNAVAILABLE it is not there yet.
  absl::Status AwaitConnection(absl::Duration patience) const;
  const std::string& broker_identity() const { return options_.broker_identity; }
  rpc::TrustSource& trust() const { return *options_.trust; }
  // Must have been given.
  const evidence::Signer& signer() const;
  DirectoryCache& directory() { return directory_; }
  const Clock& clock() const { return clock_; }

  // The whole answer, for those who show it; `directory()` is for the rest.
  absl::StatusOr<bus::v1::GetDirectoryResponse> GetDirectory();

  // Publishes one message. Safe to retry with the same bytes. Errors: those of
  // PublisherService.Publish; of evidence::VerifyCustodyReceipt when the answer
  // is no proof, and then the outcome is not known.
  absl::StatusOr<Published> Publish(const bus::v1::SignedMessage& message);

  // The receipt of a message that was published before, by its header bytes.
  // Errors: NOT_FOUND (UNKNOWN_MESSAGE) the bus does not have it; as Publish.
  absl::StatusOr<Published> GetPublishOutcome(std::string_view header_bytes);

  // Where referrals stand, as the broker says; `GetReferralHistory` has the
  // proof. Errors: those of LedgerService.
  absl::StatusOr<bus::v1::Referral> GetReferral(std::string_view referral_id);
  absl::StatusOr<bus::v1::ListReferralsResponse> ListReferrals(
      const bus::v1::ListReferralsRequest& request);
  absl::StatusOr<bus::v1::GetReferralHistoryResponse> GetReferralHistory(
      std::string_view referral_id);

 private:
  absl::StatusOr<Published> Prove(const bus::v1::SignedReceipt& receipt,
                                  std::string_view header_bytes);

  const Options options_;
  const Clock& clock_;
  const std::shared_ptr<grpc::Channel> channel_;
  DirectoryCache directory_;
};

}  // namespace waystation::client

#endif  // WAYSTATION_COMMON_CLIENT_BUS_CLIENT_H_
