#include "tools/waystation/play.h"

#include <algorithm>

#include "tools/waystation/text.h"

namespace waystation::cli {
namespace {

constexpr absl::Duration kAskAgain = absl::Milliseconds(10);
// A server that is starting again needs some tenths of a second.
constexpr absl::Duration kReachAgain = absl::Milliseconds(200);
constexpr absl::Duration kAnswerPatience = absl::Seconds(15);
// An auditor who is starting again is told from one who is not there.
constexpr absl::Duration kAuditorPatience = absl::Seconds(10);

}  // namespace

absl::StatusOr<Play> Play::On(const Session& session, DevBus& bus) {
  return On(session,
            Bus{bus.layout().ProfilePath(), [&bus](absl::Duration time) { return bus.Watch(time); },
                absl::ZeroDuration(), "the services' logs in " + bus.layout().dir() + "/log"});
}

absl::StatusOr<Play> Play::On(const Session& session, Bus bus) {
  WS_ASSIGN_OR_RETURN(Profile profile, Profile::Load(bus.profile_path));
  return Play(session, std::move(profile), std::move(bus));
}

absl::StatusOr<Officer*> Play::Find(const std::string& staff_id) {
  auto it = officers_.find(staff_id);
  if (it == officers_.end()) {
    WS_ASSIGN_OR_RETURN(Officer officer, Officer::Of(session_, profile_, "", staff_id));
    it = officers_.emplace(staff_id, std::move(officer)).first;
  }
  return &it->second;
}

absl::StatusOr<HistorySource*> Play::Auditor() {
  if (!auditor_.has_value()) {
    WS_ASSIGN_OR_RETURN(HistorySource source, HistorySource::Open(session_, profile_));
    auditor_.emplace(std::move(source));
  }
  return &*auditor_;
}

absl::StatusOr<AuditRemote*> Play::Audit() {
  if (!audit_.has_value()) {
    WS_ASSIGN_OR_RETURN(AuditRemote remote, AuditRemote::Open(session_, profile_));
    audit_.emplace(std::move(remote));
  }
  return &*audit_;
}

// Whoever starts a server again may have given it another address.
absl::Status Play::Reconnect() {
  WS_RETURN_IF_ERROR(bus_.watch(kReachAgain));
  officers_.clear();
  auditor_.reset();
  audit_.reset();
  auto profile = Profile::Load(bus_.profile_path);
  // A profile that is being written anew is there at the next try.
  if (profile.ok()) profile_ = *std::move(profile);
  return absl::OkStatus();
}

absl::StatusOr<std::string> Play::UnitOf(const std::string& staff_id) const {
  WS_ASSIGN_OR_RETURN(v1::Staff staff, profile_.StaffOf("", staff_id));
  return staff.unit();
}

absl::StatusOr<bus::v1::Referral> Play::Ledger(const std::string& referral_id) {
  return Persist<bus::v1::Referral>([&]() -> absl::StatusOr<bus::v1::Referral> {
    WS_ASSIGN_OR_RETURN(HistorySource * source, Auditor());
    return source->Referral(referral_id);
  });
}

absl::StatusOr<VerifiedHistory> Play::History(const std::string& referral_id) {
  return Persist<VerifiedHistory>([&]() -> absl::StatusOr<VerifiedHistory> {
    WS_ASSIGN_OR_RETURN(HistorySource * source, Auditor());
    return source->History(referral_id);
  });
}

absl::StatusOr<bool> Play::HasAuditor() {
  if (bus_.may_lack_auditor && profile_.data().audit().address().empty()) return false;
  using Response = audit::v1::GetAuditStatusResponse;
  const absl::StatusOr<Response> answer = Persist<Response>(
      [&]() -> absl::StatusOr<Response> {
        WS_ASSIGN_OR_RETURN(AuditRemote * audit, Audit());
        return audit->Ask(&audit::v1::AuditService::Stub::GetAuditStatus,
                          audit::v1::GetAuditStatusRequest());
      },
      std::min(bus_.patience, kAuditorPatience));
  if (answer.ok()) return true;
  if (bus_.may_lack_auditor && ExitCodeOf(answer.status()) == ExitCode::kUnreachable) return false;
  return answer.status();
}

absl::StatusOr<std::vector<audit::v1::Finding>> Play::Findings(
    const audit::v1::ListFindingsRequest& request) {
  using Found = std::vector<audit::v1::Finding>;
  return Persist<Found>([&]() -> absl::StatusOr<Found> {
    WS_ASSIGN_OR_RETURN(AuditRemote * audit, Audit());
    return audit->List(request);
  });
}

absl::StatusOr<audit::v1::Finding> Play::Finding(const std::string& finding_id) {
  return Persist<audit::v1::Finding>([&]() -> absl::StatusOr<audit::v1::Finding> {
    WS_ASSIGN_OR_RETURN(AuditRemote * audit, Audit());
    return audit->Get(finding_id);
  });
}

absl::Status Play::Await(const std::string& what, const std::function<absl::StatusOr<bool>()>& done,
                         absl::Duration longer) {
  const absl::Duration patience = kAnswerPatience + bus_.patience + longer;
  const absl::Duration end = Monotonic() + patience;
  while (true) {
    absl::StatusOr<bool> now = done();
    if (now.ok() && *now) return absl::OkStatus();
    if (!now.ok() && !absl::IsNotFound(now.status())) return now.status();
    if (Monotonic() > end) {
      return WithNext(
          absl::DeadlineExceededError(Problem(
              what, "did not happen", "nothing in " + absl::FormatDuration(patience), bus_.logs)),
          "waystation status");
    }
    WS_RETURN_IF_ERROR(bus_.watch(kAskAgain));
  }
}

absl::Status Play::AwaitReceived(const std::string& referral_id) {
  return Await("delivery of the referral", [&]() -> absl::StatusOr<bool> {
    WS_ASSIGN_OR_RETURN(bus::v1::Referral referral, Ledger(referral_id));
    return referral.state() != types::v1::REFERRAL_STATE_REQUESTED;
  });
}

types::v1::Date Play::Day(int days_from_today) const {
  // The form "+Nd" is always a day.
  const std::string sign = days_from_today < 0 ? "" : "+";
  return *ParseDate("day", absl::StrCat(sign, days_from_today, "d"), Now());
}

}  // namespace waystation::cli
