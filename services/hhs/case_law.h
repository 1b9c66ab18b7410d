#ifndef WAYSTATION_SERVICES_HHS_CASE_LAW_H_
#define WAYSTATION_SERVICES_HHS_CASE_LAW_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "common/agency/case.h"
#include "common/statute/certification.h"
#include "waystation/hhs/v1/hhs_service.pb.h"

// A case as the law sees it, and as an officer does: what is missing for the
// letter, with its citation, and who holds the next move.
//
// Single-threaded: the transaction.

namespace waystation::hhs {

// The unit of INS whose word a certification rests on.
inline constexpr std::string_view kAdjudicator = "ins/vermont-service-center";

// Without what INS withdrew as entered in error. Errors: of the store.
absl::StatusOr<statute::LetterFacts> ToFacts(const v1::CertificationCase& one, agency::Tx& tx);

v1::LetterKind ToWire(statute::LetterKind kind);

// The statement that counts: stated last, and of one day the one recorded last.
// Null when there is none.
const v1::WillingnessStatement* LatestStatement(const v1::CertificationCase& one);

// Whether what opened the case holds: a child's referral does once one is taken up.
absl::StatusOr<bool> DoorHolds(const v1::CertificationCase& one, agency::Tx& tx);

// The person's consultation that is unanswered, 16 bytes; empty when none is.
absl::StatusOr<std::string> OpenConsultation(const std::string& person, agency::Tx& tx);

// Checks that the Attorney General may be asked about this case now. Errors:
// FAILED_PRECONDITION, as ConsultAttorneyGeneral.
absl::Status CheckConsultable(const v1::CertificationCase& one, agency::Tx& tx);

// Checks that a letter of `kind` may be issued now. Errors: FAILED_PRECONDITION,
// as ProposeLetter.
absl::Status CheckIssuable(const v1::CertificationCase& one, v1::LetterKind kind, agency::Tx& tx);

// A letter's record with its state on `today`.
v1::LetterRecord OnDay(v1::LetterRecord letter, absl::CivilDay today);

// The case with all that is worked out at each reading.
absl::StatusOr<v1::CertificationCase> Show(v1::CertificationCase one, agency::Tx& tx);

}  // namespace waystation::hhs

#endif  // WAYSTATION_SERVICES_HHS_CASE_LAW_H_
