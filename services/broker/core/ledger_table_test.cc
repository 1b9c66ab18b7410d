#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/broker/core/ledger_fixture.h"

// Every cell of the referral table through the ledger itself: a referral in each
// state, each step that a message, a receipt or time may take, by each sender. The
// table is held against the design by hand in common/referral/table_test.

namespace waystation::broker {
namespace {

using referral::EventName;
using referral::EventOfMessage;
using referral::FindEdge;
using referral::PartyName;
using referral::Standing;

constexpr uint64_t kVersion = 7;
constexpr uint32_t kScope = 3;
constexpr uint64_t kRequestSequence = 10;
constexpr uint64_t kLastSequence = 20;
constexpr uint64_t kSequence = 30;  // Of the record that follows.
constexpr int64_t kTimeUs = 1'000;

constexpr int kStateCount = 10;
constexpr int kTransitionsTried = 20;  // All of the wire, and some that there are not.

const std::vector<std::string>& Senders() {
  static const std::vector<std::string> senders = {kDoj, kIns, kHhs};
  return senders;
}

// Where a referral may stand: each state, the asked one with each state before it.
std::vector<Standing> Standings() {
  std::vector<Standing> standings;
  for (int state = 1; state <= kStateCount; ++state) {
    if (state != types::v1::REFERRAL_STATE_CANCEL_ASKED) {
      standings.push_back({.state = static_cast<ReferralState>(state)});
    }
  }
  for (ReferralState former :
       {types::v1::REFERRAL_STATE_RECEIVED, types::v1::REFERRAL_STATE_TAKEN_UP,
        types::v1::REFERRAL_STATE_ON_HOLD}) {
    standings.push_back({.state = types::v1::REFERRAL_STATE_CANCEL_ASKED, .former = former});
  }
  return standings;
}

// A ledger that holds one referral of DOJ to INS.
Ledger LedgerAt(const Standing& standing) {
  Referral referral;
  referral.id = IdOf(1);
  referral.root = IdOf(1);
  referral.requester = kDoj;
  referral.target = kIns;
  referral.state = standing.state;
  referral.former = standing.former;
  referral.version = kVersion;
  referral.scope_version = kScope;
  referral.scope_unanswered = true;  // So that only the table refuses an answer to it.
  referral.expire_us = kTimeUs;
  referral.request_sequence = kRequestSequence;
  referral.last_sequence = kLastSequence;
  Ledger ledger;
  ledger.Restore(referral);
  return ledger;
}

// The step with everything right but, maybe, its cell.
Step StepOf(const std::string& sender, Transition transition) {
  Step step{.source = sender, .to = sender == kDoj ? kIns : kDoj};
  step.transition = transition;
  step.version = kVersion;
  step.scope = kScope + (transition == types::v1::TRANSITION_CHANGE_SCOPE ? 1 : 0);
  return step;
}

std::string Cell(ReferralState state, std::string_view event, std::string_view actor) {
  return absl::StrCat(std::string(StateName(state)), " + ", std::string(event), " by ",
                      std::string(actor));
}

// With an edge the referral is where it leads, without one where it was.
void ExpectFollowed(const Ledger& ledger, const Standing& from, const Edge* edge) {
  const Standing want = edge != nullptr ? Follow(from, *edge) : from;
  const Referral& referral = *ledger.Find(IdOf(1));
  EXPECT_EQ(StateName(referral.state), StateName(want.state));
  EXPECT_EQ(StateName(referral.former), StateName(want.former));
  EXPECT_EQ(referral.version, kVersion + (edge != nullptr ? 1 : 0));
  EXPECT_EQ(referral.last_sequence, edge != nullptr ? kSequence : kLastSequence);
}

// A refusal tells a party all three: where the referral is, what was tried, who it is.
void ExpectIllegal(const absl::Status& status, ReferralState state, std::string_view event,
                   std::string_view actor) {
  ExpectRefused(status, absl::StatusCode::kFailedPrecondition, "ILLEGAL_TRANSITION",
                absl::StrCat("got event \"", std::string(event), "\" by ", std::string(actor),
                             " in state \"", std::string(StateName(state)), "\""));
}

void ExpectOutcome(const absl::Status& status, const Standing& from, Event event, Party party) {
  if (party == Party::kOther) {
    // A stranger does not learn where the referral is.
    const bool request = event == Event::kRequest;
    ExpectRefused(status,
                  request ? absl::StatusCode::kAlreadyExists : absl::StatusCode::kPermissionDenied,
                  request ? "REFERRAL_EXISTS" : "NOT_A_PARTY");
    EXPECT_EQ(status.message().find(StateName(from.state).data()), absl::string_view::npos);
    return;
  }
  if (FindEdge(from.state, event, party) != nullptr) {
    EXPECT_TRUE(status.ok()) << status;
  } else {
    ExpectIllegal(status, from.state, EventName(event), PartyName(party));
  }
}

TEST(LedgerTableTest, EveryStepOfAMessageIsWhatTheTableSays) {
  int tried = 0;
  int allowed = 0;
  for (const Standing& from : Standings()) {
    for (int number = -1; number < kTransitionsTried; ++number) {
      const auto transition = static_cast<Transition>(number);
      const std::optional<Event> event = EventOfMessage(transition);
      for (const std::string& sender : Senders()) {
        ++tried;
        Ledger ledger = LedgerAt(from);
        const Party party = PartyOf(*ledger.Find(IdOf(1)), sender);
        SCOPED_TRACE(Cell(from.state, event ? EventName(*event) : "no event of a message",
                          PartyName(party)));
        const bus::v1::Header header = HeaderOf(StepOf(sender, transition));
        const absl::Status status = ledger.Check({.header = &header});
        const bool followed = ledger.ApplyMessage({.header = &header}, kSequence, kTimeUs);
        const Edge* edge = event ? FindEdge(from.state, *event, party) : nullptr;
        EXPECT_EQ(followed, edge != nullptr) << "the record is followed by another rule";
        EXPECT_EQ(status.ok(), edge != nullptr) << status;
        allowed += edge != nullptr ? 1 : 0;
        ExpectFollowed(ledger, from, edge);
        if (event) {
          ExpectOutcome(status, from, *event, party);
        } else {
          ExpectRefused(status, absl::StatusCode::kInvalidArgument, "ILLEGAL_TRANSITION");
        }
      }
    }
  }
  EXPECT_EQ(tried, 12 * 21 * 3);
  // The cells of the table but for the request of a new referral, forwards, receipts
  // and expiries; those of cancel-asked three times.
  EXPECT_EQ(allowed, 62);
}

TEST(LedgerTableTest, EveryStepOfAReferralThatIsNotThereIsUnknown) {
  for (int number = -1; number < kTransitionsTried; ++number) {
    const auto transition = static_cast<Transition>(number);
    const std::optional<Event> event = EventOfMessage(transition);
    for (const std::string& sender : Senders()) {
      SCOPED_TRACE(absl::StrCat(number, " by ", sender));
      Ledger ledger;
      Step step = StepOf(sender, transition);
      if (event == Event::kRequest) {
        step.version = 0;
        step.scope = 1;
      }
      const bus::v1::Header header = HeaderOf(step);
      const absl::Status status = ledger.Check({.header = &header});
      if (event == Event::kRequest) {
        // Whoever asks is the requester.
        EXPECT_TRUE(status.ok()) << status;
        ASSERT_TRUE(ledger.ApplyMessage({.header = &header}, kSequence, kTimeUs));
        EXPECT_EQ(StateName(ledger.Find(IdOf(1))->state), "requested");
        EXPECT_EQ(ledger.Find(IdOf(1))->requester, sender);
        continue;
      }
      EXPECT_FALSE(ledger.ApplyMessage({.header = &header}, kSequence, kTimeUs));
      EXPECT_EQ(ledger.Find(IdOf(1)), nullptr);
      if (event) {
        ExpectRefused(status, absl::StatusCode::kNotFound, "UNKNOWN_REFERRAL");
      } else {
        ExpectRefused(status, absl::StatusCode::kInvalidArgument, "ILLEGAL_TRANSITION");
      }
    }
  }
}

// A forward is a request of a new referral with a parent.
TEST(LedgerTableTest, EveryForwardIsWhatTheTableSays) {
  for (const Standing& from : Standings()) {
    for (const std::string& sender : Senders()) {
      Ledger ledger = LedgerAt(from);
      const Party party = PartyOf(*ledger.Find(IdOf(1)), sender);
      SCOPED_TRACE(Cell(from.state, EventName(Event::kForward), PartyName(party)));
      Step step{.source = sender, .to = sender == kHhs ? kIns : kHhs, .referral = 2};
      step.transition = types::v1::TRANSITION_REQUEST;
      const bus::v1::Header header = HeaderOf(step);
      const absl::Status status = ledger.Check({.header = &header, .parent = IdOf(1)});
      if (party == Party::kOther) {
        ExpectRefused(status, absl::StatusCode::kFailedPrecondition, "LINK_INVALID");
      } else if (FindEdge(from.state, Event::kForward, party) != nullptr) {
        EXPECT_TRUE(status.ok()) << status;
      } else {
        ExpectIllegal(status, from.state, EventName(Event::kForward), PartyName(party));
      }
      ExpectFollowed(ledger, from, nullptr);
    }
  }
}

TEST(LedgerTableTest, EveryReceiptAndExpiryIsWhatTheTableSays) {
  for (const Standing& from : Standings()) {
    SCOPED_TRACE(StateName(from.state).data());
    const Edge* received = FindEdge(from.state, Event::kReceived, Party::kTarget);
    Ledger ledger = LedgerAt(from);
    EXPECT_EQ(ledger.ApplyReceived(IdOf(1), kSequence, kTimeUs), received != nullptr);
    ExpectFollowed(ledger, from, received);

    const Edge* expire = FindEdge(from.state, Event::kExpire, Party::kBroker);
    ledger = LedgerAt(from);
    const std::vector<uint64_t> due = ledger.PickExpired(kTimeUs, 10);
    EXPECT_EQ(due.size(), expire != nullptr ? 1u : 0u) << "what is due can be followed";
    const auto expired = ledger.ApplyExpired(kRequestSequence, kSequence, kTimeUs);
    EXPECT_EQ(expired.has_value(), expire != nullptr);
    ExpectFollowed(ledger, from, expire);
  }
}

}  // namespace
}  // namespace waystation::broker
