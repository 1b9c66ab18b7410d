#ifndef WAYSTATION_TOOLS_WAYSTATION_CASE_TEXT_H_
#define WAYSTATION_TOOLS_WAYSTATION_CASE_TEXT_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "tools/waystation/output.h"
#include "waystation/casework/v1/casework.pb.h"
#include "waystation/types/v1/inbox.pb.h"

// Referrals and consents in words, for people. Thread-safe functions.

namespace waystation::cli {

using Fields = std::vector<std::pair<std::string, Cell>>;

Fields CaseFields(const casework::v1::Referral& referral, absl::Time now);
Table CasesTable(const std::vector<casework::v1::Referral>& referrals, absl::Time now);

Fields ConsentFields(const casework::v1::Consent& consent);
// Who holds information under it, a line each.
Fields HolderFields(const google::protobuf::RepeatedPtrField<casework::v1::Holder>& holders);
Table ConsentsTable(const std::vector<casework::v1::Consent>& consents);

// Who holds the next move, or "nobody".
std::string HolderOfMove(const types::v1::InboxItem& item);

// "OVERDUE since 2026-11-23 21:40:00Z", or the time, or "".
Cell DueCell(const types::v1::InboxItem& item);

// How long ago, in one unit: "40 s", "12 min", "3 h", "4 d".
std::string AgeWords(absl::Duration age);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_CASE_TEXT_H_
