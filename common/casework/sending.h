#ifndef WAYSTATION_COMMON_CASEWORK_SENDING_H_
#define WAYSTATION_COMMON_CASEWORK_SENDING_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/agency/case.h"
#include "common/agency/officers.h"
#include "common/casework/procedure.h"
#include "common/casework/record.pb.h"
#include "google/protobuf/message.h"

// What goes out: requests, steps, answers. Each function is part of the
// transaction that it gets: kept and queued with it, or not at all.

namespace waystation::casework {

// What one agency asks another.
struct Ask {
  std::string from_unit;
  std::string to_unit;
  std::string person;
  const google::protobuf::Message* body;
  std::vector<agency::Officer> officials;
  referral::v1::DisclosureBasis basis;
  std::optional<absl::Time> needed_by = std::nullopt;
  std::string forwards_referral_id = {};
  std::string replaces_referral_id = {};
};

// Opens a referral of `procedure` and files it. Returns its id. An officer's
// request and an agency's own rule ask alike. Errors: INVALID_ARGUMENT the form;
// FAILED_PRECONDITION a rule of the procedure; and as Tx::SendRequest.
absl::StatusOr<std::string> SendAsk(const Procedure& procedure, const Ask& ask, agency::Tx& tx);

// The content of a step on a referral, without what the step itself says.
agency::CaseContent ReplyContent(const record::StoredReferral& stored,
                                 const std::vector<agency::Officer>& officials);

// Sends the answer of a taken-up referral and makes true what it says. Errors: INVALID_ARGUMENT
// the form; FAILED_PRECONDITION a rule of the procedure, or TRANSITION_NOT_ALLOWED.
absl::Status SendAnswer(const Procedure& procedure, record::StoredReferral stored,
                        const google::protobuf::Message& answer,
                        const std::vector<agency::Officer>& officials, agency::Tx& tx);

// Takes a request up and answers it by a rule, without an officer: for notices.
// Call it in Procedure::OnRequest. `title` says by which rule.
absl::Status AnswerByRule(const Procedure& procedure, std::string_view referral_id,
                          const google::protobuf::Message& answer, std::string_view office,
                          std::string_view title, agency::Tx& tx);

// How the referrals stand by which `referral_id` was forwarded, as its requester
// may see it. `name_holders`: with the agencies and their answers to a change of
// scope.
absl::StatusOr<std::vector<referral::v1::OnwardHop>> OnwardOf(std::string_view referral_id,
                                                              bool name_holders, agency::Tx& tx);

}  // namespace waystation::casework

#endif  // WAYSTATION_COMMON_CASEWORK_SENDING_H_
