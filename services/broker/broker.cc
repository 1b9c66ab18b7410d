#include "services/broker/broker.h"

#include <atomic>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/config/file.h"
#include "common/crypto/certificate.h"
#include "common/crypto/signing_key.h"
#include "common/evidence/directory.h"
#include "common/evidence/signer.h"
#include "common/journal/segment_journal.h"
#include "common/limits/limits.h"
#include "common/log/log.h"
#include "common/rpc/server.h"
#include "common/rpc/tls.h"
#include "common/rpc/trust_source.h"
#include "common/status/status.h"
#include "common/tlog/policy.h"
#include "services/broker/dispatcher.h"
#include "services/broker/edge/log_service.h"
#include "services/broker/edge/operations_service.h"
#include "services/broker/edge/publisher_service.h"
#include "services/broker/edge/read_services.h"
#include "services/broker/edge/subscriber_service.h"
#include "services/broker/log/audit_log.h"
#include "services/broker/log/log_signer.h"
#include "services/broker/recovery.h"
#include "services/broker/sequencer.h"

namespace waystation::broker {
namespace {

constexpr uint64_t kSegmentBytesDefault = 64 << 20;
// The largest block and its sectors must fit; less, and a large frame would end
// the broker.
constexpr uint64_t kSegmentBytesMin = kBlockBytesMax;
constexpr uint64_t kSnapshotRecordsDefault = 200'000;
constexpr uint32_t kCrlGraceDefaultS = 86'400;
constexpr uint32_t kConnectionAgeDefaultS = 600;
constexpr size_t kPemBytesMax = 64 * 1024;
constexpr size_t kLogPolicyBytesMax = 64 * 1024;

absl::Status Required(std::string_view field, const std::string& value) {
  if (!value.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("config ", Absl(field), ": missing"));
}

absl::StatusOr<evidence::Signer> LoadSigner(const v1::BrokerConfig& config) {
  WS_ASSIGN_OR_RETURN(std::string key_pem, config::ReadFile(config.sign_key_path(), kPemBytesMax));
  WS_ASSIGN_OR_RETURN(std::string certificate_pem,
                      config::ReadFile(config.sign_certificate_path(), kPemBytesMax));
  WS_ASSIGN_OR_RETURN(crypto::SigningKey key, crypto::SigningKey::FromPem(key_pem));
  WS_ASSIGN_OR_RETURN(crypto::Certificate certificate,
                      crypto::Certificate::FromPem(certificate_pem));
  return evidence::Signer::Create(config.identity(), std::move(key), std::move(certificate));
}

absl::Status MakeDirectory(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (!error) {
    std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
  }
  if (!error) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("directory ", path, ": ", error.message()));
}

absl::StatusOr<std::unique_ptr<Projection>> OpenProjection(const std::string& path,
                                                           const journal::Journal& journal) {
  WS_ASSIGN_OR_RETURN(std::unique_ptr<Projection> projection, Projection::Open(path));
  if (ProjectionFits(*projection, journal)) return projection;
  log::Warning("broker", "projection_rebuilt", {{"reason", "ahead of the journal"}});
  projection.reset();
  std::error_code error;
  std::filesystem::remove_all(path, error);
  return Projection::Open(path);
}

}  // namespace

absl::Status CheckConfig(v1::BrokerConfig* config) {
  WS_RETURN_IF_ERROR(Required("identity", config->identity()));
  WS_RETURN_IF_ERROR(Required("listen_address", config->listen_address()));
  WS_RETURN_IF_ERROR(Required("tls_certificate_path", config->tls_certificate_path()));
  WS_RETURN_IF_ERROR(Required("tls_key_path", config->tls_key_path()));
  WS_RETURN_IF_ERROR(Required("sign_certificate_path", config->sign_certificate_path()));
  WS_RETURN_IF_ERROR(Required("sign_key_path", config->sign_key_path()));
  WS_RETURN_IF_ERROR(Required("roots_path", config->roots_path()));
  WS_RETURN_IF_ERROR(Required("crl_path", config->crl_path()));
  WS_RETURN_IF_ERROR(Required("journal_dir", config->journal_dir()));
  WS_RETURN_IF_ERROR(Required("projection_dir", config->projection_dir()));
  WS_RETURN_IF_ERROR(Required("audit_log_dir", config->audit_log_dir()));
  WS_RETURN_IF_ERROR(Required("audit_log_key_path", config->audit_log_key_path()));
  WS_RETURN_IF_ERROR(Required("audit_log_policy_path", config->audit_log_policy_path()));
  size_t colon = config->listen_address().rfind(':');
  int port = -1;
  bool parsed = colon != std::string::npos &&
                absl::SimpleAtoi(config->listen_address().substr(colon + 1), &port);
  if (!parsed || port < 0 || port > 65'535) {
    return absl::InvalidArgumentError(Problem("config listen_address", "malformed",
                                              Quoted(config->listen_address()), "host:port"));
  }
  if (config->segment_bytes() == 0) config->set_segment_bytes(kSegmentBytesDefault);
  bool too_small =
      config->segment_bytes() < kSegmentBytesMin && !config->small_segments_for_tests();
  if (too_small || config->segment_bytes() % 512 != 0) {
    return absl::InvalidArgumentError(Problem("config segment_bytes", "out of range",
                                              absl::StrCat(config->segment_bytes()),
                                              "a multiple of 512 and at least 16777216"));
  }
  if (config->snapshot_records() == 0) config->set_snapshot_records(kSnapshotRecordsDefault);
  if (config->crl_grace_s() == 0) config->set_crl_grace_s(kCrlGraceDefaultS);
  if (config->connection_age_max_s() == 0) config->set_connection_age_max_s(kConnectionAgeDefaultS);
  return absl::OkStatus();
}

// In the order of making; the reverse is the order of going.
struct Broker::Parts {
  std::shared_ptr<rpc::TrustSource> trust;
  std::optional<evidence::Signer> signer;
  std::unique_ptr<journal::SegmentJournal> journal;
  std::unique_ptr<Projection> projection;
  std::unique_ptr<BlockReader> reader;
  std::shared_ptr<RefusalLog> refusals;
  std::atomic<uint64_t> projected = 0;
  std::unique_ptr<Dispatcher> dispatcher;
  CheckpointFeed checkpoints;
  std::unique_ptr<AuditLog> audit_log;
  std::unique_ptr<Sequencer> sequencer;
  EdgeContext context;
  OpenStreams streams;
  std::unique_ptr<PublisherService> publisher;
  std::unique_ptr<SubscriberService> subscriber;
  std::unique_ptr<DirectoryService> directory;
  std::unique_ptr<LedgerService> ledger;
  std::unique_ptr<OperationsService> operations;
  std::unique_ptr<LogService> log_service;
  std::unique_ptr<rpc::Server> server;

  absl::Status OpenStores(const v1::BrokerConfig& config, const Clock& clock);
  absl::Status StartAuditLog(const v1::BrokerConfig& config, const Clock& clock);
  absl::Status StartCore(const v1::BrokerConfig& config, const Clock& clock);
  absl::Status Serve(const v1::BrokerConfig& config, const Clock& clock);
};

absl::Status Broker::Parts::OpenStores(const v1::BrokerConfig& config, const Clock& clock) {
  WS_ASSIGN_OR_RETURN(trust,
                      rpc::TrustSource::Create({.roots_path = config.roots_path(),
                                                .crl_path = config.crl_path(),
                                                .crl_grace = absl::Seconds(config.crl_grace_s())},
                                               clock));
  WS_ASSIGN_OR_RETURN(signer, LoadSigner(config));
  WS_RETURN_IF_ERROR(MakeDirectory(config.journal_dir()));
  WS_RETURN_IF_ERROR(MakeDirectory(config.projection_dir()));
  WS_RETURN_IF_ERROR(MakeDirectory(config.audit_log_dir()));
  journal::SegmentJournal::Options options;
  options.directory = config.journal_dir();
  options.segment_bytes = config.segment_bytes();
  WS_ASSIGN_OR_RETURN(journal, journal::SegmentJournal::Open(std::move(options)));
  if (journal->head().next_sequence == journal::kFirstSequence) {
    WS_ASSIGN_OR_RETURN(journal::v1::Genesis genesis, LoadGenesis(config.genesis_path()));
    WS_RETURN_IF_ERROR(WriteGenesis(*journal, clock, genesis));
  }
  WS_ASSIGN_OR_RETURN(projection, OpenProjection(config.projection_dir(), *journal));
  reader = std::make_unique<BlockReader>(*journal);
  return absl::OkStatus();
}

absl::Status Broker::Parts::StartAuditLog(const v1::BrokerConfig& config, const Clock& clock) {
  WS_ASSIGN_OR_RETURN(std::string policy_text,
                      config::ReadFile(config.audit_log_policy_path(), kLogPolicyBytesMax));
  absl::StatusOr<tlog::Policy> policy = tlog::Policy::Parse(policy_text);
  if (!policy.ok()) return Prefixed(config.audit_log_policy_path(), policy.status());
  WS_ASSIGN_OR_RETURN(LogSigner log_signer,
                      LogSigner::Load({.key_path = config.audit_log_key_path(),
                                       .p256_key_path = config.sign_key_path()},
                                      *policy));
  AuditLog::Options options{
      .directory = config.audit_log_dir(),
      .signer = std::move(log_signer),
      .policy = *std::move(policy),
      .clock = &clock,
      .record =
          [this](CheckpointCommand checkpoint) {
            return sequencer->Post(LogSigned{std::move(checkpoint)});
          },
      .on_cosigned = [this](const std::string& note) { checkpoints.Tell(note); }};
  WS_ASSIGN_OR_RETURN(audit_log, AuditLog::Start(std::move(options), *journal, context.bus_id));
  return absl::OkStatus();
}

absl::Status Broker::Parts::StartCore(const v1::BrokerConfig& config, const Clock& clock) {
  WS_ASSIGN_OR_RETURN(State state, Replay(*journal, *projection));
  if (!state.has_genesis()) return absl::DataLossError("journal: no genesis record");
  WS_ASSIGN_OR_RETURN(context.rules.directory, evidence::DirectoryView::Create(*state.directory()));
  WS_ASSIGN_OR_RETURN(PolicyView policy,
                      PolicyView::Create(*state.policy(), state.directory()->trust_domain()));
  context.rules.policy = std::make_shared<const PolicyView>(std::move(policy));
  context.bus_id = state.bus_id();
  refusals = std::make_shared<RefusalLog>(clock);
  projected = projection->applied_sequence();
  dispatcher =
      std::make_unique<Dispatcher>(*projection, *reader, *refusals, state.bus_id(), projected);
  WS_RETURN_IF_ERROR(StartAuditLog(config, clock));
  Sequencer::Options options;
  options.journal = journal.get();
  options.projection = projection.get();
  options.signer = &*signer;
  options.refusals = refusals.get();
  options.clock = &clock;
  options.broker_identity = config.identity();
  options.log_origin = audit_log->origin();
  options.projected = &projected;
  options.snapshot_records = config.snapshot_records();
  options.committed = [this](std::unique_ptr<Block> block) {
    if (!block->empty()) audit_log->Put(block->TakeLogBlock());
    dispatcher->Put(std::move(block));
  };
  WS_ASSIGN_OR_RETURN(sequencer, Sequencer::Start(std::move(options), std::move(state)));
  audit_log->Begin();
  return absl::OkStatus();
}

absl::Status Broker::Parts::Serve(const v1::BrokerConfig& config, const Clock& clock) {
  context.sequencer = sequencer.get();
  context.projection = projection.get();
  context.reader = reader.get();
  context.journal = journal.get();
  context.refusals = refusals.get();
  context.trust = trust;
  context.clock = &clock;
  context.broker_identity = config.identity();
  context.log_origin = audit_log->origin();
  context.start_time = clock.Now();
  publisher = std::make_unique<PublisherService>(context, streams);
  subscriber = std::make_unique<SubscriberService>(context, streams, checkpoints);
  directory = std::make_unique<DirectoryService>(context);
  ledger = std::make_unique<LedgerService>(context);
  operations = std::make_unique<OperationsService>(context, streams);
  log_service = std::make_unique<LogService>(context, streams, *audit_log);
  rpc::ServerOptions options;
  size_t colon = config.listen_address().rfind(':');
  options.host = config.listen_address().substr(0, colon);
  if (!absl::SimpleAtoi(config.listen_address().substr(colon + 1), &options.port)) {
    return absl::InvalidArgumentError("config listen_address: malformed");
  }
  options.connection_age_max = absl::Seconds(config.connection_age_max_s());
  WS_ASSIGN_OR_RETURN(options.credentials,
                      rpc::MakeServerCredentials({.certificate_path = config.tls_certificate_path(),
                                                  .key_path = config.tls_key_path()},
                                                 trust, clock, refusals));
  WS_ASSIGN_OR_RETURN(
      server, rpc::Server::Start(options, {publisher.get(), subscriber.get(), directory.get(),
                                           ledger.get(), operations.get(), log_service.get()}));
  return absl::OkStatus();
}

Broker::Broker(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

absl::StatusOr<std::unique_ptr<Broker>> Broker::Start(const v1::BrokerConfig& config,
                                                      const Clock& clock) {
  std::unique_ptr<Broker> broker(new Broker(std::make_unique<Parts>()));
  WS_RETURN_IF_ERROR(broker->parts_->OpenStores(config, clock));
  WS_RETURN_IF_ERROR(broker->parts_->StartCore(config, clock));
  WS_RETURN_IF_ERROR(broker->parts_->Serve(config, clock));
  return broker;
}

Broker::~Broker() { Stop(); }

const std::string& Broker::address() const { return parts_->server->address(); }

void Broker::Stop(absl::Duration deadline) {
  // First nobody new, then a word to the streams, then what was posted.
  if (parts_->server != nullptr) parts_->server->SetServing(false);
  parts_->streams.EndAll();
  if (parts_->server != nullptr) parts_->server->Shutdown(deadline);
  if (parts_->sequencer != nullptr) parts_->sequencer->Stop();
  if (parts_->audit_log != nullptr) parts_->audit_log->Stop();
  if (parts_->dispatcher != nullptr) parts_->dispatcher->Stop();
}

}  // namespace waystation::broker
