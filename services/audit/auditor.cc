#include "services/audit/auditor.h"

#include <utility>

#include "common/agency/agency.h"
#include "common/agency/index_service.h"
#include "common/agency/live_bus.h"
#include "common/agency/time_proto.h"
#include "common/client/bus_client.h"
#include "common/client/cosign_stream.h"
#include "common/client/file_cosigner.h"
#include "common/ids/random.h"
#include "common/log/log.h"
#include "common/rpc/server.h"
#include "common/rpc/tls.h"
#include "common/status/status.h"
#include "services/audit/audit_store.h"
#include "services/audit/feed.h"
#include "services/audit/finding_service.h"
#include "services/audit/follow_loop.h"
#include "services/audit/follower.h"
#include "services/audit/mail.h"

namespace waystation::audit {
namespace {

constexpr absl::Duration kCallTimeout = absl::Seconds(1);
constexpr absl::Duration kCallGrace = absl::Milliseconds(500);

absl::StatusOr<std::shared_ptr<client::BusClient>> MakeClient(const LoadedConfig& loaded,
                                                              const Clock& clock) {
  client::BusClient::Options options;
  WS_ASSIGN_OR_RETURN(options.credentials,
                      rpc::MakeChannelCredentials(loaded.tls, loaded.identity.trust, clock,
                                                  loaded.config.broker_identity()));
  options.target = loaded.config.broker_address();
  options.broker_identity = loaded.config.broker_identity();
  options.trust = loaded.identity.trust;
  options.signer = loaded.identity.signer;
  options.call_timeout = kCallTimeout;
  return std::make_shared<client::BusClient>(std::move(options), clock);
}

}  // namespace

// In the order of what needs what; ended in the order of `Stop`.
struct Auditor::Parts {
  LoadedConfig loaded;
  std::unique_ptr<AuditStore> store;
  EventHandler events;
  std::unique_ptr<agency::Agency> mail;
  std::unique_ptr<Follower> follower;
  std::unique_ptr<FollowLoop> loop;
  std::unique_ptr<Feed> feed;
  std::unique_ptr<client::CosignStream> cosigning;  // Null without a key.
  std::unique_ptr<Findings> findings;
  std::unique_ptr<FindingService> service;
  std::unique_ptr<agency::IndexService> index;
  std::unique_ptr<rpc::Server> server;

  explicit Parts(LoadedConfig good) : loaded(std::move(good)) {}

  absl::Status Follow(const Clock& clock);
  absl::Status OpenMail(std::shared_ptr<client::BusClient> client, const Clock& clock);
  void StartCosigning(std::shared_ptr<client::BusClient> client);
  absl::Status Serve(const Clock& clock);
  void FillStatus(v1::GetAuditStatusResponse* response) const;
};

absl::Status Auditor::Parts::Follow(const Clock& clock) {
  WS_ASSIGN_OR_RETURN(
      store, AuditStore::Open({loaded.config.store_path(), loaded.store_key}, loaded.rules));
  WS_ASSIGN_OR_RETURN(follower, Follower::Create({.store = store.get(),
                                                  .clock = &clock,
                                                  .trust = loaded.identity.trust,
                                                  .trust_domain = loaded.identity.trust_domain,
                                                  .identity = loaded.config.identity(),
                                                  .rules = loaded.rules,
                                                  .log_policy = loaded.log_policy,
                                                  .former_log_keys = loaded.former_log_keys}));
  WS_ASSIGN_OR_RETURN(std::shared_ptr<client::BusClient> client, MakeClient(loaded, clock));
  WS_RETURN_IF_ERROR(OpenMail(client, clock));
  loop = std::make_unique<FollowLoop>(*follower, clock, [this] {
    return store->TakeNews() ? TellParties(*mail) : absl::OkStatus();
  });
  feed = std::make_unique<Feed>(client, *loop, Feed::Options{});
  StartCosigning(std::move(client));
  return absl::OkStatus();
}

absl::Status Auditor::Parts::OpenMail(std::shared_ptr<client::BusClient> client,
                                      const Clock& clock) {
  agency::Agency::Parts parts;
  parts.identity = loaded.identity;
  parts.store = store->database();
  parts.bus = std::make_unique<agency::LiveBus>(std::move(client), "auditor");
  parts.clock = &clock;
  parts.random = SystemRandom;
  WS_ASSIGN_OR_RETURN(mail, agency::Agency::Create(std::move(parts), events));
  mail->Start();
  return absl::OkStatus();
}

// After the database, whose lock keeps a second process away from what was cosigned
// last.
void Auditor::Parts::StartCosigning(std::shared_ptr<client::BusClient> client) {
  if (!loaded.cosigner.has_value()) return;
  client::CosignStream::Options options;
  options.on_conflict = [this](const tlog::Cosigner::Conflict& conflict) {
    absl::Status kept = loop->OnConflict(conflict, loaded.config.identity());
    // The broker asks again, and the cosigner refuses again.
    if (!kept.ok()) log::Error("audit", "conflict_not_kept", {{"text", Std(kept.message())}});
  };
  cosigning = std::make_unique<client::CosignStream>(
      std::move(client), *std::move(loaded.cosigner),
      std::make_unique<client::FileCosigner>(loaded.config.store_path() + ".cosigned",
                                             loaded.log_policy.origin()),
      std::move(options));
}

absl::Status Auditor::Parts::Serve(const Clock& clock) {
  findings = std::make_unique<Findings>(*store, clock, loaded.config.identity());
  service = std::make_unique<FindingService>(
      *findings, *store, loaded.identity.trust, clock,
      [this](v1::GetAuditStatusResponse* response) { FillStatus(response); },
      [this](const Caller& caller, const v1::ReportConflictRequest& request) -> absl::Status {
        const tlog::Cosigner::Conflict conflict{.kept = request.kept(), .other = request.other()};
        WS_RETURN_IF_ERROR(CheckConflict(loaded.log_policy, conflict));
        return loop->OnConflict(conflict, caller.identity);
      });
  index = std::make_unique<agency::IndexService>(*mail, loaded.identity.trust);
  rpc::ServerOptions options;
  options.host = loaded.listen_host;
  options.port = loaded.listen_port;
  WS_ASSIGN_OR_RETURN(options.credentials, rpc::MakeServerCredentials(
                                               loaded.tls, loaded.identity.trust, clock, nullptr));
  WS_ASSIGN_OR_RETURN(server, rpc::Server::Start(options, {service.get(), index.get()}));
  return absl::OkStatus();
}

void Auditor::Parts::FillStatus(v1::GetAuditStatusResponse* response) const {
  const FollowStatus status = follower->Status();
  response->set_bus_id(status.bus_id);
  response->set_followed_sequence(status.sequence);
  *response->mutable_followed_time() = agency::ToProtoTime(absl::FromUnixMicros(status.time_us));
  response->set_connected(loop->connected());
  response->set_verified_size(status.verified_size);
  response->set_cosigned_size(status.cosigned_size);
}

Auditor::Auditor(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

absl::StatusOr<std::unique_ptr<Auditor>> Auditor::Start(LoadedConfig loaded, const Clock& clock) {
  std::unique_ptr<Auditor> auditor(new Auditor(std::make_unique<Parts>(std::move(loaded))));
  WS_RETURN_IF_ERROR(auditor->parts_->Follow(clock));
  WS_RETURN_IF_ERROR(auditor->parts_->Serve(clock));
  return auditor;
}

Auditor::~Auditor() { Stop(); }

const std::string& Auditor::address() const { return parts_->server->address(); }

bool Auditor::WaitConnected(absl::Duration timeout) { return parts_->loop->WaitConnected(timeout); }

absl::Status Auditor::failure() const { return parts_->loop->failure(); }

void Auditor::Stop() {
  if (parts_->server != nullptr) parts_->server->Shutdown(kCallGrace);
  if (parts_->service != nullptr) parts_->service->Shutdown();
  if (parts_->index != nullptr) parts_->index->Shutdown();
  if (parts_->cosigning != nullptr) parts_->cosigning->Stop();
  // The loop first: a feed that waits for it is let go.
  if (parts_->loop != nullptr) parts_->loop->Stop();
  if (parts_->feed != nullptr) parts_->feed->Stop();
  if (parts_->mail != nullptr) parts_->mail->Shutdown();
}

}  // namespace waystation::audit
