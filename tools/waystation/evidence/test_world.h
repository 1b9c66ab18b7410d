#ifndef WAYSTATION_TOOLS_WAYSTATION_EVIDENCE_TEST_WORLD_H_
#define WAYSTATION_TOOLS_WAYSTATION_EVIDENCE_TEST_WORLD_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/evidence/test_bus.h"
#include "common/log_follower/test_log.h"
#include "tools/waystation/evidence/evidence_check.h"
#include "tools/waystation/evidence/evidence_export.h"

namespace waystation::cli {

// A small bus in memory, with real keys: DOJ, INS and a broker, a journal with its
// log, two cosigners. It answers for a referral as a broker would, so that evidence
// can be made without one.
//
//   TestWorld world;
//   const std::string referral = world.Play('1');
//   world.Sign();
//   Evidence evidence = *MakeEvidence(world.Sources(referral));
//
// Single-threaded: the test.
class TestWorld {
 public:
  TestWorld();

  // Plays request, receipt, take-up and answer, each acknowledged; the receipts of two
  // referrals played together come in one batch. Returns the referral's id: 16 times
  // `digit`.
  std::string Play(char digit);
  void PlayTogether(char first, char second);
  // A request that nobody takes up, ended by the broker.
  std::string PlayExpiry(char digit);

  // One message; adds its record and returns where it stands in its history.
  size_t Send(const std::string& referral, const evidence::Signer& from, const evidence::Signer& to,
              types::v1::Transition transition, absl::Time expire = absl::InfiniteFuture());
  // One batch of receipts by `by` for (referral, place in its history).
  void Receive(const evidence::Signer& by, std::vector<std::pair<std::string, size_t>> messages);

  // A checkpoint over all of it, cosigned by both.
  void Sign();

  EvidenceSources Sources(const std::string& referral) const;
  EvidenceTrust Trust() const;
  const std::string& policy_text() const { return policy_; }
  std::string roots_pem() const { return bus_.roots_pem(); }
  const evidence::Signer& doj() const { return doj_; }
  const evidence::Signer& ins() const { return ins_; }
  TestLog& log() { return log_; }

 private:
  bus::v1::SignedReceipt Custody(const journal::v1::Record& accepted);

  evidence::TestBus bus_;
  evidence::Signer doj_;
  evidence::Signer ins_;
  evidence::Signer broker_;
  TestLog log_;
  std::string policy_;
  std::string checkpoint_;
  uint64_t messages_ = 0;
  std::map<std::string, bus::v1::GetReferralHistoryResponse> histories_;
  // Accepted and delivered records that belong to each referral.
  std::map<std::string, std::vector<journal::v1::Record>> records_;
};

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_EVIDENCE_TEST_WORLD_H_
