#ifndef WAYSTATION_COMMON_AGENCY_AGENCY_TX_H_
#define WAYSTATION_COMMON_AGENCY_AGENCY_TX_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/agency/case.h"
#include "common/agency/config.h"
#include "common/agency/referral_rows.h"
#include "common/agency/sealer.h"
#include "common/agency/store.h"

namespace waystation::agency {

// The runtime's transaction: see `Tx`. Private to the runtime.
//
// Single-threaded: the function that made it.
class AgencyTx : public Tx {
 public:
  struct Context {
    const Identity* identity;
    Sealer* sealer;
    std::shared_ptr<const evidence::DirectoryView> directory;
    absl::Time now;
    bool may_send;
  };

  AgencyTx(Transaction& db, Context context) : db_(db), context_(std::move(context)) {}

  Transaction& db() override { return db_; }
  absl::Time now() const override { return context_.now; }
  const evidence::DirectoryView* directory() override { return context_.directory.get(); }

  absl::StatusOr<std::string> SendRequest(const Request& request) override;
  absl::StatusOr<std::string> SendTransition(std::string_view referral_id, Transition transition,
                                             const CaseContent& content,
                                             std::optional<absl::Time> due_time) override;
  absl::StatusOr<ReferralView> Referral(std::string_view referral_id) override;
  absl::StatusOr<ReferralView> ReferralForStep(std::string_view referral_id,
                                               int64_t expected_version,
                                               Transition transition) override;
  absl::Status Describe(std::string_view referral_id, std::string_view procedure,
                        std::string_view our_unit) override;
  absl::Status MarkRead(std::string_view referral_id) override;
  absl::Status Notify(std::string_view referral_id, std::string_view text) override;
  absl::Status NoticeRead(std::string_view referral_id) override;
  absl::Status SendMemo(std::string_view recipient, std::string_view type,
                        std::string body) override;

  // Whether anything was queued: the sender has work after the commit.
  bool queued() const { return queued_; }

 private:
  absl::Status CheckMaySend() const;
  absl::StatusOr<std::string> Enqueue(const Draft& draft, const ReferralRow& row);
  // The received message whose receipt must be on the record first; "" none.
  absl::StatusOr<std::string> GateOf(const ReferralRow& row);

  Transaction& db_;
  const Context context_;
  bool queued_ = false;
};

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_AGENCY_TX_H_
