#ifndef WAYSTATION_SERVICES_AUDIT_MAIL_H_
#define WAYSTATION_SERVICES_AUDIT_MAIL_H_

#include "absl/status/status.h"
#include "common/agency/agency.h"
#include "common/agency/case.h"

// The auditor's mail on the bus, by the runtime that agencies have: events come,
// findings go out.

namespace waystation::audit {

// Keeps the events that come, each with its receipt; the follower takes them when
// their message is on the record that it follows. A case is never the auditor's.
//
// Thread-safe: it has no state.
class EventHandler : public agency::Handler {
 public:
  absl::Status OnCase(const agency::CaseMessage& message, agency::Tx& tx) override;
  absl::Status OnRefused(const agency::CaseMessage& message, const absl::Status& refusal,
                         agency::Tx& tx) override;
  // Errors: INVALID_ARGUMENT (MEMO_UNKNOWN, MEMO_MALFORMED); those of CheckEvent.
  absl::Status OnMemo(const agency::MemoMessage& message, agency::Tx& tx) override;
};

// Tells each agency of the findings that it is a party to, when one opens, opens
// again or ends; what was told and that it was is one transaction, so nothing is
// told twice or forgotten. Of findings about the auditor's own mail nobody is told. Not inside a
// transaction. Errors: of the store.
absl::Status TellParties(agency::Agency& auditor);

}  // namespace waystation::audit

#endif  // WAYSTATION_SERVICES_AUDIT_MAIL_H_
