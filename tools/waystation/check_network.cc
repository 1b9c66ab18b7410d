#include <set>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "common/crypto/certificate.h"
#include "common/crypto/sha256.h"
#include "common/evidence/directory.h"
#include "common/status/status.h"
#include "tools/waystation/checks.h"
#include "tools/waystation/connect.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/files.h"
#include "tools/waystation/officer.h"
#include "tools/waystation/text.h"
#include "waystation/bus/v1/directory.grpc.pb.h"
#include "waystation/casework/v1/casework.grpc.pb.h"
#include "waystation/operations/v1/operations.grpc.pb.h"

namespace waystation::cli {
namespace {

using operations::v1::OperationsService;

constexpr absl::Duration kClockTolerance = absl::Seconds(5);
constexpr int kRefusalTries = 5;
constexpr absl::Duration kRefusalWait = absl::Milliseconds(500);

// Why a call failed before it reached the server, as far as this side knows.
std::string ConnectFix(const absl::Status& status, const v1::Endpoint& endpoint) {
  if (absl::StrContains(status.message(), "refused")) {
    return absl::StrCat("nothing listens at ", endpoint.address(),
                        ": start the service, or correct the profile");
  }
  return "look at the other checks; the service's log names what it refused";
}

// What a refusal of this side is known by in the broker's feed.
struct Refused {
  std::string identity;
  std::string certificate_sha256;  // Hexadecimal; empty when the file cannot be read.
  uint64_t after_sequence = 0;
};

Refused RefusedAs(const v1::Credential& credential, uint64_t after_sequence) {
  Refused refused{credential.identity(), "", after_sequence};
  auto pem = ReadWholeFile(credential.certificate_path());
  if (!pem.ok()) return refused;
  auto chain = crypto::ParsePemChain(*pem);
  if (chain.ok()) {
    refused.certificate_sha256 = crypto::Hex(crypto::AsBytes(chain->front().sha256()));
  }
  return refused;
}

// A broker names the certificate where it has no name for the peer, or in the text.
bool NamesCertificate(const journal::v1::Refused& refusal, const Refused& ours) {
  return !ours.certificate_sha256.empty() &&
         (absl::StrContains(refusal.peer(), ours.certificate_sha256) ||
          absl::StrContains(refusal.text(), ours.certificate_sha256));
}

// The newest refusal of this very certificate in the broker's feed, or "".
// `or_identity` is content with one of the identity.
std::string RefusalOf(const Remote& broker, const Refused& ours, bool or_identity) {
  auto stub = OperationsService::NewStub(broker.channel);
  operations::v1::ListRefusalsRequest request;
  request.set_limit(1000);
  auto refusals = Call(broker, *stub, &OperationsService::Stub::ListRefusals, request);
  if (!refusals.ok()) return "";
  for (const auto& entry : refusals->refusals()) {
    if (entry.sequence() <= ours.after_sequence) break;  // Newest first.
    const journal::v1::Refused& refusal = entry.refused();
    if (!NamesCertificate(refusal, ours) && !(or_identity && refusal.peer() == ours.identity)) {
      continue;
    }
    return absl::StrCat(refusal.reason(), " at the ", refusal.stage(), ": ", refusal.text());
  }
  return "";
}

// The broker records refusals once a second, so the one that we just had may
// come a little later, and one of an older certificate a little before.
std::string AwaitRefusalOf(const Remote& broker, const Refused& ours) {
  for (int tries = 0; tries < kRefusalTries; ++tries) {
    if (std::string refusal = RefusalOf(broker, ours, /*or_identity=*/false); !refusal.empty()) {
      return refusal;
    }
    absl::SleepFor(kRefusalWait);
  }
  return RefusalOf(broker, ours, /*or_identity=*/true);
}

std::string FixOf(const std::string& refusal, const Profile& profile, const std::string& identity) {
  for (const char* reason : {"CERTIFICATE_", "IDENTITY_MISSING", "IDENTITY_AMBIGUOUS"}) {
    if (absl::StartsWith(refusal, reason)) return ReissueFix(profile, identity);
  }
  if (absl::StartsWith(refusal, "IDENTITY_")) return "have two policy administrators enrol it";
  return "look at the policy of the bus";
}

class NetworkChecks {
 public:
  NetworkChecks(const Session& session, const Profile& profile, CheckList* list)
      : session_(session), profile_(profile), list_(list) {}

  void Run() {
    CheckOperator();
    CheckAuditor();
    std::set<std::string> seen;
    for (const v1::Staff& staff : profile_.data().staff()) {
      if (seen.insert(staff.agency()).second) CheckAgency(staff);
    }
  }

 private:
  void CheckOperator();
  void CheckAuditor();
  void CheckAgency(const v1::Staff& staff);
  void CheckClock(const Remote& auditor);
  void CheckEnrolment(const bus::v1::GetDirectoryResponse& response);
  void Explain(const std::string& what, const absl::Status& status, KeptRefusal& ours,
               const v1::Credential& credential);

  const Session& session_;
  const Profile& profile_;
  CheckList* list_;
  // Set once the operator's connection works: then the refusal feed tells more.
  std::optional<Remote> operator_;
  uint64_t last_sequence_ = 0;
};

void NetworkChecks::Explain(const std::string& what, const absl::Status& status, KeptRefusal& ours,
                            const v1::Credential& credential) {
  if (std::string refused = ours.text(); !refused.empty()) {
    return list_->Fail(what, "this side refused the server: " + refused,
                       "compare roots_path and the server's identity in the profile");
  }
  // After the handshake the broker says itself why; before, only its feed does.
  std::string theirs = ReasonOf(status);
  if (!theirs.empty()) {
    absl::StrAppend(&theirs, ": ", status.message());
  } else if (operator_.has_value()) {
    theirs = AwaitRefusalOf(*operator_, RefusedAs(credential, last_sequence_));
  }
  if (!theirs.empty()) {
    const std::string& identity = credential.identity();
    return list_->Fail(what, absl::StrCat("the broker refused ", identity, ": ", theirs),
                       FixOf(theirs, profile_, identity));
  }
  list_->Fail(what, std::string(status.message()), ConnectFix(status, profile_.data().broker()));
}

void NetworkChecks::CheckOperator() {
  const v1::Profile& data = profile_.data();
  auto sink = std::make_shared<KeptRefusal>();
  auto broker = Connect(session_, profile_, "broker", data.broker(), data.operator_(), sink);
  const std::string what = "broker at " + data.broker().address();
  if (!broker.ok()) return list_->Report(what, broker.status(), "", "waystation dev");
  auto stub = OperationsService::NewStub(broker->channel);
  auto status =
      Call(*broker, *stub, &OperationsService::Stub::GetStatus, operations::v1::GetStatusRequest());
  if (!status.ok()) {
    return Explain(what, status.status(), *sink, data.operator_());
  }
  last_sequence_ = status->last_sequence();
  operator_ = *std::move(broker);
  list_->Ok(what, absl::StrCat("TLS both ways as operator, record ", last_sequence_, ", epoch ",
                               status->epoch(), ", ", status->durability()));
}

void NetworkChecks::CheckAuditor() {
  const v1::Profile& data = profile_.data();
  auto sink = std::make_shared<KeptRefusal>();
  auto broker = Connect(session_, profile_, "broker", data.broker(), data.auditor(), sink);
  if (!broker.ok()) return list_->Report("directory", broker.status(), "", "waystation dev");
  auto stub = bus::v1::DirectoryService::NewStub(broker->channel);
  auto response = Call(*broker, *stub, &bus::v1::DirectoryService::Stub::GetDirectory,
                       bus::v1::GetDirectoryRequest());
  if (!response.ok()) {
    return Explain("directory", response.status(), *sink, data.auditor());
  }
  CheckEnrolment(*response);
  if (last_sequence_ > 0) CheckClock(*broker);
}

void NetworkChecks::CheckEnrolment(const bus::v1::GetDirectoryResponse& response) {
  auto view = evidence::DirectoryView::Create(response.directory());
  list_->Report("directory", view.status(),
                absl::StrCat("version ", response.directory().version(), ", ",
                             response.directory().identities_size(), " identities"),
                "tell the bus's policy administrators");
  if (!view.ok()) return;
  auto check = [&](const std::string& identity) {
    if ((*view)->Find(identity) != nullptr) return list_->Ok("enrolled", identity);
    list_->Fail("enrolled", identity + " is not", "have two policy administrators enrol it");
  };
  check(profile_.data().operator_().identity());
  check(profile_.data().auditor().identity());
  for (const v1::Agency& agency : profile_.data().agencies()) check(agency.endpoint().identity());
}

// Journal time never runs behind the broker's clock, so its last record bounds
// that clock from below.
void NetworkChecks::CheckClock(const Remote& auditor) {
  auto stub = OperationsService::NewStub(auditor.channel);
  operations::v1::TailRecordsRequest request;
  request.set_from_sequence(last_sequence_);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() +
                       absl::ToChronoMilliseconds(auditor.timeout));
  auto stream = stub->TailRecords(&context, request);
  operations::v1::TailRecordsResponse response;
  journal::v1::Record record;
  const bool got = stream->Read(&response) && response.records_size() > 0 &&
                   record.ParseFromString(response.records(0));
  context.TryCancel();
  grpc::Status end = stream->Finish();
  if (!got) return list_->Report("clock", CallError(auditor, end), "", "waystation tail");
  const absl::Duration ahead = absl::FromUnixMicros(record.time_us()) - session_.clock.Now();
  if (ahead > kClockTolerance) {
    return list_->Fail(
        "clock",
        absl::StrCat("this machine is ", absl::FormatDuration(ahead), " behind the last record"),
        "set both clocks by the same time server");
  }
  list_->Ok("clock", "not behind the last record");
}

// Any call that reads will do.
absl::Status AskInbox(Officer& officer) {
  using casework::v1::CaseworkService;
  return officer.Ask(&CaseworkService::Stub::ListInbox, casework::v1::ListInboxRequest()).status();
}

void NetworkChecks::CheckAgency(const v1::Staff& staff) {
  const std::string what = staff.agency() + " service as " + staff.staff_id();
  auto officer = Officer::Of(session_, profile_, staff.agency(), staff.staff_id());
  if (!officer.ok()) return list_->Report(what, officer.status(), "", "waystation dev");
  absl::Status status = AskInbox(*officer);
  // Refused by the service's own rule on sight: so it knows the officer.
  if (ReasonOf(status) == "UNIT_DENIED") status = absl::OkStatus();
  list_->Report(what, status, "TLS both ways, officer known",
                "look at the service's log, and at the certificate checks above");
}

}  // namespace

void CheckNetwork(const Session& session, const Profile& profile, CheckList* list) {
  if (!profile.data().has_operator_() || !profile.data().has_auditor()) {
    return list->Fail("broker", "the profile has no operator or no auditor credentials",
                      "add operator { } and auditor { } to " + profile.path());
  }
  NetworkChecks(session, profile, list).Run();
}

}  // namespace waystation::cli
