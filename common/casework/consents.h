#ifndef WAYSTATION_COMMON_CASEWORK_CONSENTS_H_
#define WAYSTATION_COMMON_CASEWORK_CONSENTS_H_

#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/agency/case.h"
#include "common/agency/officers.h"
#include "common/casework/procedures.h"
#include "common/casework/record.pb.h"
#include "common/ids/random.h"
#include "waystation/casework/v1/casework.pb.h"

// Consent as an object: signed by the agency that took it, scoped, time-boxed;
// and its change, which reaches every holder below. A holder answers only after
// those that it forwarded to: so the answer that comes back speaks for all.
//
// Withdrawal reaches holders under that consent alone. It stops no prosecution
// and no service, and nothing here reads it as a refusal to cooperate.
//
// Single-threaded: the transaction.

namespace waystation::casework {

// The rpcs of CaseworkService, whose errors they have.
absl::Status RecordConsent(const agency::Officer& officer, const v1::RecordConsentRequest& request,
                           const RandomSource& random, agency::Tx& tx,
                           v1::RecordConsentResponse& response);
absl::Status ChangeConsent(const agency::Officer& officer, const v1::ChangeConsentRequest& request,
                           agency::Tx& tx, v1::ChangeConsentResponse& response);
absl::Status GetConsent(const v1::GetConsentRequest& request, agency::Tx& tx,
                        v1::GetConsentResponse& response);
absl::Status ListConsents(const v1::ListConsentsRequest& request, agency::Tx& tx,
                          v1::ListConsentsResponse& response);

// The basis of a request of ours, with a consent's version and end filled in.
// Errors: INVALID_ARGUMENT (FIELD_INVALID) what its kind needs is missing;
// NOT_FOUND (CONSENT_UNKNOWN); FAILED_PRECONDITION (CONSENT_ENDED,
// CONSENT_NOT_COVERING).
absl::StatusOr<referral::v1::DisclosureBasis> CheckBasisSent(
    const Contract& contract, std::string_view person, const referral::v1::DisclosureBasis& basis,
    agency::Tx& tx);

// Checks the basis of a request that came. Errors: INVALID_ARGUMENT.
absl::Status CheckBasisReceived(const Contract& contract,
                                const referral::v1::DisclosureBasis& basis, absl::Time now);

// The requester changed the scope of what we hold: files it, and sends it on to
// every holder that has it from us.
absl::Status TakeScope(const Procedures& procedures, const agency::CaseMessage& message,
                       record::StoredReferral stored, agency::Tx& tx);

// The bus refused a change of scope of ours: sends it again when the referral
// had only moved on (STALE_VERSION), and gives up when it is final.
absl::Status SendScopeAgain(const agency::CaseMessage& message, record::StoredReferral stored,
                            const absl::Status& refusal, agency::Tx& tx);

// The target answered a change of scope of ours.
absl::Status TakeScopeAnswer(const agency::CaseMessage& message, record::StoredReferral stored,
                             agency::Tx& tx);

// Checks that we may answer a change of scope now: every open holder below has.
// Errors: FAILED_PRECONDITION (TRANSITION_NOT_ALLOWED, ONWARD_UNANSWERED).
absl::Status CheckScopeAnswerable(const record::StoredReferral& stored, agency::Tx& tx);

}  // namespace waystation::casework

#endif  // WAYSTATION_COMMON_CASEWORK_CONSENTS_H_
