#ifndef WAYSTATION_COMMON_AGENCY_FAKE_DESK_H_
#define WAYSTATION_COMMON_AGENCY_FAKE_DESK_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/agency/case.h"
#include "common/agency/handoff.h"
#include "common/agency/memo.h"
#include "common/agency/store.h"
#include "common/clock/clock.h"
#include "common/evidence/directory.h"
#include "common/ids/random.h"

namespace waystation::agency {

// The runtime as casework sees it, for tests: a real database, referrals by the
// runtime's own rules, and a bus that keeps what was sent and brings what the test
// says. A transaction that fails leaves no trace in either.
//
//   FakeDesk desk("doj", {Casebook::schema()}, directory);
//   EXPECT_TRUE(desk.Write([&](Tx& tx) { return FilePetition(..., tx, out); }).ok());
//   EXPECT_EQ(desk.sent().back().transition(), types::v1::TRANSITION_REQUEST);
//
// Single-threaded: the test.
class FakeDesk {
 public:
  using Handler = std::function<absl::Status(const CaseMessage&, Tx&)>;

  // `self`: the agency, e.g. "doj".
  FakeDesk(std::string_view self, const std::vector<Schema>& schemas, bus::v1::Directory directory);
  ~FakeDesk();

  static std::string IdentityOf(std::string_view agency);

  FakeClock& clock() { return clock_; }
  // Bytes that repeat from run to run.
  RandomSource random();

  absl::Status Write(const std::function<absl::Status(Tx&)>& body);
  absl::Status Read(const std::function<absl::Status(Tx&)>& body);

  // Brings one message of agency `from`. One without referral_id is a request, and gets one.
  // Returns what the handler said; its effect is undone when that is an error.
  absl::Status Deliver(std::string_view from, CaseContent content, const Handler& handler);
  // The other agency's receipt for our request is on the record.
  void Receive(std::string_view referral_id);
  // The bus refuses what was sent last; the referral goes back to where it was.
  CaseMessage RefuseLast();

  // What was sent, in order, as filled in by the runtime.
  const std::vector<CaseContent>& sent() const { return now_.sent; }
  // Memos that were made, in order, without ids.
  const std::vector<MemoDraft>& memos() const { return now_.memos; }
  const ReferralView& Referral(std::string_view referral_id) const;

 private:
  class DeskTx;
  struct Entry {
    ReferralView view;
    Standing standing;
  };
  struct Memory {
    std::map<std::string, Entry, std::less<>> referrals;
    std::vector<CaseContent> sent;
    std::vector<MemoDraft> memos;
  };

  std::string NewReferral(std::string_view requester, std::string_view target,
                          const CaseContent& content);
  void Move(Entry& entry, types::v1::Transition transition);

  const std::string self_;
  FakeClock clock_;
  std::string folder_;
  std::unique_ptr<Store> store_;
  std::shared_ptr<const evidence::DirectoryView> directory_;
  Memory now_;
  Memory before_last_send_;
  uint64_t counter_ = 0;
};

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_FAKE_DESK_H_
