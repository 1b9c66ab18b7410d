#include "services/hhs/standing.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "common/agency/compliance.h"
#include "common/status/status.h"
#include "waystation/audit/v1/compliance.pb.h"

namespace waystation::hhs {
namespace {

audit::v1::CertificationStage StageOf(const v1::CertificationCase& shown) {
  const bool stands = std::any_of(
      shown.letters().begin(), shown.letters().end(),
      [](const v1::LetterRecord& letter) { return letter.state() == v1::LETTER_STATE_VALID; });
  if (stands) return audit::v1::CERTIFICATION_STAGE_LETTER_ISSUED;
  return shown.letter_due() == v1::LETTER_KIND_UNSPECIFIED
             ? audit::v1::CERTIFICATION_STAGE_NOT_NEEDED
             : audit::v1::CERTIFICATION_STAGE_NOTICE_FILED;
}

}  // namespace

absl::Status ReportStanding(const v1::CertificationCase& shown, agency::Tx& tx) {
  // Of one reference the word that came last counts.
  std::map<std::string, const v1::StatusFact*> latest;
  for (const v1::StatusFact& fact : shown.status()) latest[fact.reference()] = &fact;
  for (const auto& [reference, fact] : latest) {
    if (fact->event() != v1::STATUS_EVENT_PRESENCE_GRANTED &&
        fact->event() != v1::STATUS_EVENT_T_APPLICATION_BONA_FIDE) {
      continue;
    }
    audit::v1::ComplianceEvent event;
    audit::v1::CertificationStanding& standing = *event.mutable_certification();
    standing.set_reference(reference);
    standing.set_stage(StageOf(shown));
    if (standing.stage() == audit::v1::CERTIFICATION_STAGE_NOTICE_FILED) {
      // Not what is missing: the finding goes to INS too, and willingness is none of
      // its business.
      standing.set_waits_for(shown.next_move().unit());
    }
    WS_RETURN_IF_ERROR(agency::Report(std::move(event), tx));
  }
  return absl::OkStatus();
}

}  // namespace waystation::hhs
