#include "services/audit/rules/compliance_event.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/agency/identity_text.h"
#include "common/limits/limits.h"
#include "common/status/status.h"

namespace waystation::audit {
namespace {

constexpr size_t kTokenBytesMax = 64;
constexpr size_t kUnitBytesMax = 64;
constexpr size_t kTextBytesMax = 500;
constexpr size_t kCitationBytesMax = 200;
constexpr size_t kNameBytesMax = 100;
constexpr int kOpenDutiesMax = 32;
constexpr uint32_t kFirstFiscalYear = 2001;
constexpr uint32_t kLastFiscalYear = 9999;

absl::Status Malformed(std::string_view field, std::string_view problem, std::string_view got,
                       std::string_view want) {
  return Refusal(absl::StatusCode::kInvalidArgument, "EVENT_MALFORMED",
                 Problem(absl::StrCat("event.", Absl(field)), problem, got, want));
}

absl::Status CheckLength(std::string_view field, std::string_view text, size_t least, size_t most) {
  if (text.size() >= least && text.size() <= most) return absl::OkStatus();
  return Malformed(field, "wrong length", absl::StrCat(text.size(), " bytes"),
                   absl::StrCat(least, " to ", most));
}

// What came may be a name: it must not reach a log.
absl::Status CheckToken(std::string_view field, std::string_view text) {
  WS_RETURN_IF_ERROR(CheckLength(field, text, 1, kTokenBytesMax));
  const bool good = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
  if (good) return absl::OkStatus();
  return Malformed(field, "not a handle", absl::StrCat(text.size(), " bytes"), "[a-z0-9-]");
}

absl::Status CheckReferral(std::string_view field, std::string_view id) {
  if (id.size() == kReferralIdBytes) return absl::OkStatus();
  return Malformed(field, "wrong length", absl::StrCat(id.size(), " bytes"), "16");
}

absl::Status CheckTeller(std::string_view what, std::string_view sender, std::string_view agency) {
  if (agency::AgencyOf(sender) == agency) return absl::OkStatus();
  return Refusal(absl::StatusCode::kPermissionDenied, "EVENT_NOT_YOURS",
                 Problem(what, "not the sender's to tell", Quoted(sender), Quoted(agency)));
}

absl::Status CheckDuties(const v1::DutyStanding& duties) {
  WS_RETURN_IF_ERROR(CheckToken("duties.person", duties.person()));
  WS_RETURN_IF_ERROR(CheckLength("duties.unit", duties.unit(), 1, kUnitBytesMax));
  if (!duties.has_since()) return Malformed("duties.since", "missing", "", "a time");
  if (duties.open_size() > kOpenDutiesMax) {
    return Malformed("duties.open", "too many", absl::StrCat(duties.open_size()), "at most 32");
  }
  for (const v1::OpenDuty& duty : duties.open()) {
    WS_RETURN_IF_ERROR(CheckLength("duties.open.text", duty.text(), 1, kTextBytesMax));
    WS_RETURN_IF_ERROR(CheckLength("duties.open.citation", duty.citation(), 1, kCitationBytesMax));
  }
  return absl::OkStatus();
}

absl::Status CheckCertification(const v1::CertificationStanding& one, std::string_view sender) {
  WS_RETURN_IF_ERROR(CheckToken("certification.reference", one.reference()));
  WS_RETURN_IF_ERROR(CheckLength("certification.waits_for", one.waits_for(), 0, kUnitBytesMax));
  if (!one.referral_id().empty()) {
    WS_RETURN_IF_ERROR(CheckReferral("certification.referral_id", one.referral_id()));
  }
  switch (one.stage()) {
    case v1::CERTIFICATION_STAGE_NOTICE_GIVEN:
    case v1::CERTIFICATION_STAGE_BASIS_ENDED:
      return CheckTeller("certification.stage", sender, "ins");
    case v1::CERTIFICATION_STAGE_NOTICE_FILED:
    case v1::CERTIFICATION_STAGE_LETTER_ISSUED:
    case v1::CERTIFICATION_STAGE_NOT_NEEDED:
      return CheckTeller("certification.stage", sender, "hhs");
    default:
      return Malformed("certification.stage", "no stage",
                       absl::StrCat(static_cast<int>(one.stage())), "a known stage");
  }
}

absl::Status CheckCap(const v1::CapStanding& cap, std::string_view sender) {
  WS_RETURN_IF_ERROR(CheckLength("cap.what", cap.what(), 1, kNameBytesMax));
  WS_RETURN_IF_ERROR(CheckLength("cap.citation", cap.citation(), 1, kCitationBytesMax));
  if (cap.fiscal_year() < kFirstFiscalYear || cap.fiscal_year() > kLastFiscalYear) {
    return Malformed("cap.fiscal_year", "out of range", absl::StrCat(cap.fiscal_year()),
                     "2001 to 9999");
  }
  if (cap.limit() == 0) return Malformed("cap.limit", "missing", "0", "at least 1");
  return CheckTeller("cap", sender, "ins");
}

absl::Status CheckProcedure(const v1::ProcedureStanding& one) {
  WS_RETURN_IF_ERROR(CheckReferral("procedure.referral_id", one.referral_id()));
  return CheckLength("procedure.procedure", one.procedure(), 1, kNameBytesMax);
}

}  // namespace

absl::Status CheckEvent(const v1::ComplianceEvent& event, std::string_view sender) {
  if (agency::AgencyOf(sender).empty()) {
    return Refusal(absl::StatusCode::kPermissionDenied, "EVENT_NOT_YOURS",
                   Problem("event", "not of an agency", Quoted(sender), "/agency/<name>"));
  }
  if (!event.has_time()) return Malformed("time", "missing", "", "a time");
  switch (event.standing_case()) {
    case v1::ComplianceEvent::kDuties:
      return CheckDuties(event.duties());
    case v1::ComplianceEvent::kCertification:
      return CheckCertification(event.certification(), sender);
    case v1::ComplianceEvent::kCap:
      return CheckCap(event.cap(), sender);
    case v1::ComplianceEvent::kProcedure:
      return CheckProcedure(event.procedure());
    case v1::ComplianceEvent::STANDING_NOT_SET:
      break;
  }
  return Malformed("standing", "missing", "", "duties, certification, cap or procedure");
}

}  // namespace waystation::audit
