#include "tools/waystation/audit_source.h"

#include <chrono>

#include "common/evidence/handoff_index.h"
#include "common/rpc/trust_source.h"
#include "common/status/status.h"
#include "grpcpp/client_context.h"
#include "tools/waystation/exit_code.h"
#include "waystation/audit/v1/index_service.grpc.pb.h"
#include "waystation/bus/v1/directory.grpc.pb.h"
#include "waystation/journal/v1/record.pb.h"
#include "waystation/operations/v1/operations.grpc.pb.h"

namespace waystation::cli {
namespace {

using audit::v1::IndexService;
using bus::v1::DirectoryService;
using operations::v1::OperationsService;

// A tail never ends; where nothing comes for so long, the end is reached.
constexpr std::chrono::milliseconds kQuiet{300};

absl::Status Unsigned(const std::string& agency, const absl::Status& why) {
  return Unverified(absl::StrCat("index of ", agency, ": ", why.message()));
}

}  // namespace

AuditSource::AuditSource(const Session& session, const Profile& profile, Remote broker,
                         std::shared_ptr<const evidence::DirectoryView> directory,
                         crypto::TrustStore trust)
    : session_(&session),
      profile_(profile),
      broker_(std::move(broker)),
      directory_(std::move(directory)),
      trust_(std::move(trust)),
      judge_(std::make_unique<handoffs::SignatureJudge>(directory_, trust_)) {}

absl::StatusOr<AuditSource> AuditSource::Open(const Session& session, const Profile& profile) {
  WS_ASSIGN_OR_RETURN(Remote broker, ConnectAsAuditor(session, profile));
  auto stub = DirectoryService::NewStub(broker.channel);
  WS_ASSIGN_OR_RETURN(auto response, Call(broker, *stub, &DirectoryService::Stub::GetDirectory,
                                          bus::v1::GetDirectoryRequest()));
  WS_ASSIGN_OR_RETURN(auto directory, evidence::DirectoryView::Create(response.directory()));
  rpc::TrustSource::Options options;
  options.roots_path = profile.data().roots_path();
  options.crl_path = profile.data().crl_path();
  WS_ASSIGN_OR_RETURN(auto trust, rpc::TrustSource::Create(options, session.clock));
  return AuditSource(session, profile, std::move(broker), std::move(directory), trust->Current());
}

absl::Status AuditSource::ReadRecords(
    const std::function<absl::Status(const std::string& bytes)>& each) {
  const absl::Time begin = session_->clock.Now();
  bool more = true;
  // On a busy bus the tail is never quiet: what is younger than the question is
  // enough. Once in any case: the broker's clock may be ahead of ours.
  do {
    WS_ASSIGN_OR_RETURN(more, ReadSome(each));
  } while (more && last_time_ < begin);
  return absl::OkStatus();
}

// Whether any came.
absl::StatusOr<bool> AuditSource::ReadSome(
    const std::function<absl::Status(const std::string& bytes)>& each) {
  const uint64_t first = next_sequence_;
  operations::v1::TailRecordsRequest request;
  request.set_from_sequence(first);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kQuiet);
  auto stub = OperationsService::NewStub(broker_.channel);
  auto stream = stub->TailRecords(&context, request);
  operations::v1::TailRecordsResponse response;
  absl::Status taken;
  while (taken.ok() && stream->Read(&response)) {
    for (const std::string& bytes : response.records()) {
      journal::v1::Record record;
      if (!record.ParseFromString(bytes)) taken = absl::DataLossError("record: does not parse");
      if (taken.ok()) taken = each(bytes);
      if (!taken.ok()) break;
      next_sequence_ = record.sequence() + 1;
      last_time_ = absl::FromUnixMicros(record.time_us());
    }
  }
  if (!taken.ok()) context.TryCancel();
  const grpc::Status ended = stream->Finish();
  WS_RETURN_IF_ERROR(taken);
  if (!ended.ok() && ended.error_code() != grpc::StatusCode::DEADLINE_EXCEEDED) {
    return CallError(broker_, ended);
  }
  return next_sequence_ > first;
}

absl::StatusOr<Remote> AuditSource::PartyAt(const std::string& name, const v1::Endpoint& endpoint) {
  auto known = parties_.find(name);
  if (known != parties_.end()) return known->second;
  WS_ASSIGN_OR_RETURN(Remote remote,
                      Connect(*session_, profile_, name, endpoint, profile_.data().auditor()));
  return parties_.emplace(name, std::move(remote)).first->second;
}

absl::StatusOr<handoffs::AgencyIndex> AuditSource::ReadIndex(const std::string& name,
                                                             const v1::Endpoint& endpoint) {
  WS_ASSIGN_OR_RETURN(Remote remote, PartyAt(name, endpoint));
  auto stub = IndexService::NewStub(remote.channel);
  handoffs::AgencyIndex index{endpoint.identity(), {}};
  audit::v1::ListHandoffsRequest request;
  do {
    WS_ASSIGN_OR_RETURN(auto response,
                        Call(remote, *stub, &IndexService::Stub::ListHandoffs, request));
    absl::StatusOr<evidence::HandoffIndexPage> page = evidence::ReadHandoffIndex(
        judge_->verifier(), response, index.agency, request.page_token());
    if (!page.ok()) return Unsigned(name, page.status());
    absl::Status good =
        judge_->Certificate(index.agency, response.certificate_sha256(), session_->clock.Now());
    if (!good.ok()) return Unsigned(name, good);
    index.entries.insert(index.entries.end(), page->entries.begin(), page->entries.end());
    request.set_page_token(page->page.next_page_token());
  } while (!request.page_token().empty());
  return index;
}

absl::StatusOr<std::vector<handoffs::AgencyIndex>> AuditSource::ReadIndexes() {
  std::vector<handoffs::AgencyIndex> indexes;
  for (const v1::Agency& agency : profile_.data().agencies()) {
    WS_ASSIGN_OR_RETURN(indexes.emplace_back(), ReadIndex(agency.name(), agency.endpoint()));
  }
  if (!profile_.data().audit().address().empty()) {
    WS_ASSIGN_OR_RETURN(indexes.emplace_back(), ReadIndex("audit", profile_.data().audit()));
  }
  return indexes;
}

}  // namespace waystation::cli
