#ifndef WAYSTATION_SERVICES_HHS_LETTERS_H_
#define WAYSTATION_SERVICES_HHS_LETTERS_H_

#include <string_view>

#include "absl/status/status.h"
#include "absl/time/civil_time.h"
#include "common/agency/case.h"
#include "common/agency/officers.h"
#include "common/evidence/signer.h"
#include "common/ids/random.h"
#include "waystation/hhs/v1/hhs_service.pb.h"

// Letters: proposed by one official, issued and signed when a second confirms,
// verified by number, and void when INS tells that nothing carries them any
// more. Each function with a request is one rpc of HhsService, whose errors it
// has.
//
// Single-threaded: the transaction.

namespace waystation::hhs {

// DSSE payload type of a letter, see hhs_service.proto.
inline constexpr std::string_view kLetterContent =
    "application/vnd.waystation.hhs.letter.v1+protobuf";

absl::Status ProposeLetter(const agency::Officer& officer, const v1::ProposeLetterRequest& request,
                           const RandomSource& random, agency::Tx& tx,
                           v1::ProposeLetterResponse& response);
absl::Status ConfirmLetter(const agency::Officer& officer, const v1::ConfirmLetterRequest& request,
                           const evidence::Signer& signer, const RandomSource& random,
                           agency::Tx& tx, v1::ConfirmLetterResponse& response);
absl::Status GetLetter(const agency::Officer& officer, const v1::GetLetterRequest& request,
                       agency::Tx& tx, v1::GetLetterResponse& response);
absl::Status VerifyLetter(const agency::Officer& officer, const v1::VerifyLetterRequest& request,
                          agency::Tx& tx, v1::VerifyLetterResponse& response);

// Asks again, after a notice, what the certification letters of a case rest on:
// those that nothing carries are void, those whose end lay ahead and does no
// more are not. A void letter stays void.
absl::Status RejudgeLetters(const v1::CertificationCase& one, agency::Tx& tx);

}  // namespace waystation::hhs

#endif  // WAYSTATION_SERVICES_HHS_LETTERS_H_
