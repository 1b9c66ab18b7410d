#ifndef WAYSTATION_SERVICES_BROKER_CORE_LEDGER_FIXTURE_H_
#define WAYSTATION_SERVICES_BROKER_CORE_LEDGER_FIXTURE_H_

#include <cstdint>
#include <string>

#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/broker/core/ledger.h"

// One referral after another between doj, who asks, and ins. For tests.
// Single-threaded: the test.

namespace waystation::broker {

inline constexpr char kDoj[] = "spiffe://bus/agency/doj";
inline constexpr char kIns[] = "spiffe://bus/agency/ins";
inline constexpr char kHhs[] = "spiffe://bus/agency/hhs";

inline ReferralId IdOf(uint8_t number) {
  ReferralId id{};
  id[0] = number;
  return id;
}

// One step, as a header would say it.
struct Step {
  std::string source;
  std::string to;
  uint8_t referral = 1;
  Transition transition = types::v1::TRANSITION_UNSPECIFIED;
  uint64_t version = 0;
  uint32_t scope = 1;
  uint8_t parent = 0;
  uint8_t replaces = 0;
  int64_t expire_s = 0;
  int64_t due_s = 0;
};

inline Step Request(uint8_t referral) {
  return {.source = kDoj,
          .to = kIns,
          .referral = referral,
          .transition = types::v1::TRANSITION_REQUEST};
}
inline Step ByTarget(Transition transition, uint64_t version) {
  return {.source = kIns, .to = kDoj, .transition = transition, .version = version};
}
inline Step ByRequester(Transition transition, uint64_t version) {
  return {.source = kDoj, .to = kIns, .transition = transition, .version = version};
}

inline bus::v1::Header HeaderOf(const Step& step) {
  bus::v1::Header header;
  header.set_source(step.source);
  header.add_recipients(step.to);
  header.mutable_referral()->set_referral_id(std::string(AsBytes(IdOf(step.referral))));
  header.mutable_referral()->set_transition(step.transition);
  header.mutable_referral()->set_expected_version(step.version);
  header.mutable_referral()->set_scope_version(step.scope);
  if (step.expire_s != 0) header.mutable_expire_time()->set_seconds(step.expire_s);
  if (step.due_s != 0) header.mutable_referral()->mutable_due_time()->set_seconds(step.due_s);
  return header;
}

class LedgerTest : public ::testing::Test {
 protected:
  absl::Status Check(const Step& step) { return With(step, false); }
  // Checks and, when allowed, follows.
  absl::Status Take(const Step& step) { return With(step, true); }
  void Receive(uint8_t referral = 1) {
    ++sequence_;
    ledger_.ApplyReceived(IdOf(referral), sequence_, static_cast<int64_t>(sequence_));
  }
  const Referral& Get(uint8_t referral = 1) { return *ledger_.Find(IdOf(referral)); }
  std::string State(uint8_t referral = 1) { return std::string(StateName(Get(referral).state)); }

  Ledger ledger_;
  uint64_t sequence_ = 0;

 private:
  absl::Status With(const Step& step, bool follow) {
    bus::v1::Header header = HeaderOf(step);
    TransitionCommand command{.header = &header};
    if (step.parent != 0) command.parent = IdOf(step.parent);
    if (step.replaces != 0) command.replaces = IdOf(step.replaces);
    absl::Status status = ledger_.Check(command);
    if (status.ok() && follow) {
      ++sequence_;
      EXPECT_TRUE(ledger_.ApplyMessage(command, sequence_, static_cast<int64_t>(sequence_)));
    }
    return status;
  }
};

inline void ExpectRefused(const absl::Status& status, absl::StatusCode code,
                          const std::string& reason, const std::string& text = "") {
  EXPECT_EQ(status.code(), code) << status;
  EXPECT_EQ(ReasonOf(status), reason) << status;
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr(text));
}

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_CORE_LEDGER_FIXTURE_H_
