#include <set>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "common/evidence/directory.h"
#include "common/status/status.h"
#include "tools/waystation/checks.h"
#include "tools/waystation/connect.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/officer.h"
#include "tools/waystation/text.h"
#include "waystation/bus/v1/directory.grpc.pb.h"
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

// The newest refusal of `identity` in the broker's feed, or "".
std::string RefusalOf(const Remote& broker, const std::string& identity) {
  auto stub = OperationsService::NewStub(broker.channel);
  operations::v1::ListRefusalsRequest request;
  request.set_limit(1000);
  auto refusals = Call(broker, *stub, &OperationsService::Stub::ListRefusals, request);
  if (!refusals.ok()) return "";
  for (const auto& entry : refusals->refusals()) {
    if (entry.refused().peer() != identity) continue;
    return absl::StrCat(entry.refused().reason(), " at the ", entry.refused().stage(), ": ",
                        entry.refused().text());
  }
  return "";
}

// The broker records refusals once a second, so the one that we just had may
// come a little later.
std::string AwaitRefusalOf(const Remote& broker, const std::string& identity) {
  for (int tries = 0; tries < kRefusalTries; ++tries) {
    if (std::string refusal = RefusalOf(broker, identity); !refusal.empty()) return refusal;
    absl::SleepFor(kRefusalWait);
  }
  return "";
}

std::string FixOf(const std::string& refusal) {
  if (absl::StartsWith(refusal, "CERTIFICATE_")) {
    return "waystation pki issue DIR --identity ID --use tls --force";
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
               const std::string& identity, const v1::Endpoint& endpoint);

  const Session& session_;
  const Profile& profile_;
  CheckList* list_;
  // Set once the operator's connection works: then the refusal feed tells more.
  std::optional<Remote> operator_;
  uint64_t last_sequence_ = 0;
};

void NetworkChecks::Explain(const std::string& what, const absl::Status& status, KeptRefusal& ours,
                            const std::string& identity, const v1::Endpoint& endpoint) {
  if (std::string refused = ours.text(); !refused.empty()) {
    return list_->Fail(what, "this side refused the server: " + refused,
                       "compare roots_path and the server's identity in the profile");
  }
  if (operator_.has_value()) {
    if (std::string theirs = AwaitRefusalOf(*operator_, identity); !theirs.empty()) {
      return list_->Fail(what, "the broker refused " + identity + ": " + theirs, FixOf(theirs));
    }
  }
  list_->Fail(what, std::string(status.message()), ConnectFix(status, endpoint));
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
    return Explain(what, status.status(), *sink, data.operator_().identity(), data.broker());
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
    return Explain("directory", response.status(), *sink, data.auditor().identity(), data.broker());
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
  const bool got = stream->Read(&response) && response.records_size() > 0;
  context.TryCancel();
  grpc::Status end = stream->Finish();
  if (!got) return list_->Report("clock", CallError(auditor, end), "", "waystation tail");
  const absl::Duration ahead =
      absl::FromUnixMicros(response.records(0).time_us()) - session_.clock.Now();
  if (ahead > kClockTolerance) {
    return list_->Fail(
        "clock",
        absl::StrCat("this machine is ", absl::FormatDuration(ahead), " behind the last record"),
        "set both clocks by the same time server");
  }
  list_->Ok("clock", "not behind the last record");
}

void NetworkChecks::CheckAgency(const v1::Staff& staff) {
  const std::string what = staff.agency() + " service as " + staff.staff_id();
  auto officer = Officer::Of(session_, profile_, staff.agency(), staff.staff_id());
  if (!officer.ok()) return list_->Report(what, officer.status(), "", "waystation dev");
  absl::Status status =
      officer->is_doj()
          ? officer->Doj(&doj::v1::DojService::Stub::ListInbox, doj::v1::ListInboxRequest())
                .status()
          : officer->Ins(&ins::v1::InsService::Stub::ListInbox, ins::v1::ListInboxRequest())
                .status();
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
