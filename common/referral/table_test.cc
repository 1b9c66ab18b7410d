#include "common/referral/table.h"

#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::referral {
namespace {

// The referral's table as the design states it, one line for each allowed cell,
// typed out by hand: "<state> + <event> by <party> -> <state, same or former>".
const std::set<std::string> kAllowed = {
    "none + request by requester -> requested",

    "requested + delivery receipt by target -> received",

    "requested + take up by target -> taken-up",
    "received + take up by target -> taken-up",

    "requested + return by target -> returned",
    "received + return by target -> returned",
    "taken-up + return by target -> returned",
    "on-hold + return by target -> returned",

    "taken-up + hold by target -> on-hold",
    "on-hold + resume by target -> taken-up",
    "taken-up + answer by target -> answered",

    "taken-up + forward by target -> same",
    "on-hold + forward by target -> same",

    "requested + cancel by requester -> cancelled",

    "received + ask to cancel by requester -> cancel-asked",
    "taken-up + ask to cancel by requester -> cancel-asked",
    "on-hold + ask to cancel by requester -> cancel-asked",

    "cancel-asked + confirm cancel by target -> cancelled",
    "cancel-asked + answer by target -> answered",
    "cancel-asked + continue by target -> former",

    "requested + expire by broker -> expired",
    "received + expire by broker -> expired",

    "requested + change scope by requester -> same",
    "received + change scope by requester -> same",
    "taken-up + change scope by requester -> same",
    "on-hold + change scope by requester -> same",
    "cancel-asked + change scope by requester -> same",

    // A holder answers for what it holds, in every state but entered-in-error.
    "requested + scope confirmed by target -> same",
    "received + scope confirmed by target -> same",
    "taken-up + scope confirmed by target -> same",
    "on-hold + scope confirmed by target -> same",
    "cancel-asked + scope confirmed by target -> same",
    "returned + scope confirmed by target -> same",
    "answered + scope confirmed by target -> same",
    "cancelled + scope confirmed by target -> same",
    "expired + scope confirmed by target -> same",
    "requested + retained under by target -> same",
    "received + retained under by target -> same",
    "taken-up + retained under by target -> same",
    "on-hold + retained under by target -> same",
    "cancel-asked + retained under by target -> same",
    "returned + retained under by target -> same",
    "answered + retained under by target -> same",
    "cancelled + retained under by target -> same",
    "expired + retained under by target -> same",

    "requested + entered in error by requester -> entered-in-error",
    "received + entered in error by requester -> entered-in-error",
    "taken-up + entered in error by requester -> entered-in-error",
    "on-hold + entered in error by requester -> entered-in-error",
    "cancel-asked + entered in error by requester -> entered-in-error",
    "returned + entered in error by requester -> entered-in-error",
    "answered + entered in error by requester -> entered-in-error",
    "cancelled + entered in error by requester -> entered-in-error",
    "expired + entered in error by requester -> entered-in-error",
};

constexpr int kStateCount = 11;  // Ten, and "none".
constexpr Party kParties[] = {Party::kRequester, Party::kTarget, Party::kBroker, Party::kOther};

ReferralState StateAt(int index) { return static_cast<ReferralState>(index); }

std::string Where(const Edge& edge) {
  if (edge.destination == Destination::kSame) return "same";
  if (edge.destination == Destination::kFormer) return "former";
  return std::string(StateName(edge.to));
}

std::string Cell(ReferralState state, Event event, Party party) {
  return std::string(StateName(state)) + " + " + std::string(EventName(event)) + " by " +
         std::string(PartyName(party));
}

TEST(ReferralTableTest, HoldsExactlyTheCellsOfTheDesign) {
  std::set<std::string> found;
  int tried = 0;
  for (int state = 0; state < kStateCount; ++state) {
    for (int event = 0; event < kEventCount; ++event) {
      for (Party party : kParties) {
        ++tried;
        const Edge* edge = FindEdge(StateAt(state), static_cast<Event>(event), party);
        if (edge == nullptr) continue;
        found.insert(Cell(StateAt(state), static_cast<Event>(event), party) + " -> " +
                     Where(*edge));
      }
    }
  }
  EXPECT_EQ(tried, 748);
  EXPECT_EQ(found, kAllowed);
}

TEST(ReferralTableTest, NoCellHasTwoEdges) {
  for (int state = 0; state < kStateCount; ++state) {
    for (int event = 0; event < kEventCount; ++event) {
      for (Party party : kParties) {
        int edges = 0;
        for (const Edge& edge : ReferralTable()) {
          edges += edge.event == static_cast<Event>(event) && edge.actor == party &&
                   (edge.from >> state & 1u) != 0;
        }
        EXPECT_LE(edges, 1) << Cell(StateAt(state), static_cast<Event>(event), party);
      }
    }
  }
}

TEST(ReferralTableTest, FinalStatesAreTheFiveOfTheDesign) {
  std::set<std::string> final_states;
  for (int state = 0; state < kStateCount; ++state) {
    if (IsFinal(StateAt(state))) final_states.emplace(StateName(StateAt(state)));
  }
  EXPECT_EQ(final_states, (std::set<std::string>{"returned", "answered", "cancelled", "expired",
                                                 "entered-in-error"}));
}

TEST(ReferralTableTest, NobodyLeavesAFinalStateButIntoError) {
  for (const std::string& cell : kAllowed) {
    bool from_final = cell.starts_with("returned") || cell.starts_with("answered") ||
                      cell.starts_with("cancelled") || cell.starts_with("expired");
    if (!from_final) continue;
    EXPECT_TRUE(cell.ends_with("-> same") || cell.ends_with("-> entered-in-error")) << cell;
  }
}

TEST(ReferralTableTest, AnEventLeadsToOnePlaceWhereverItStarts) {
  for (const Edge& one : ReferralTable()) {
    for (const Edge& other : ReferralTable()) {
      if (one.event != other.event) continue;
      EXPECT_EQ(Where(one), Where(other)) << EventName(one.event);
    }
  }
}

TEST(ReferralTableTest, FollowRemembersTheFormerStateWhileTheQuestionIsOpen) {
  Standing standing{types::v1::REFERRAL_STATE_ON_HOLD};
  auto follow = [&](Event event, Party party) {
    const Edge* edge = FindEdge(standing.state, event, party);
    ASSERT_NE(edge, nullptr) << EventName(event);
    standing = Follow(standing, *edge);
  };
  follow(Event::kAskToCancel, Party::kRequester);
  EXPECT_EQ(standing.state, types::v1::REFERRAL_STATE_CANCEL_ASKED);
  EXPECT_EQ(standing.former, types::v1::REFERRAL_STATE_ON_HOLD);
  follow(Event::kChangeScope, Party::kRequester);
  EXPECT_EQ(standing.former, types::v1::REFERRAL_STATE_ON_HOLD);
  follow(Event::kContinue, Party::kTarget);
  EXPECT_EQ(standing.state, types::v1::REFERRAL_STATE_ON_HOLD);
  EXPECT_EQ(standing.former, types::v1::REFERRAL_STATE_UNSPECIFIED);
}

TEST(ReferralTableTest, StrangersHaveNoEdge) {
  for (const Edge& edge : ReferralTable()) EXPECT_NE(edge.actor, Party::kOther);
}

TEST(ReferralTableTest, NamesOfStatesAndEventsAreDistinct) {
  std::set<std::string> states;
  std::set<std::string> events;
  for (int state = 0; state < kStateCount; ++state) states.emplace(StateName(StateAt(state)));
  for (int event = 0; event < kEventCount; ++event) {
    events.emplace(EventName(static_cast<Event>(event)));
  }
  EXPECT_EQ(states.size(), 11u);
  EXPECT_EQ(events.size(), 17u);
}

TEST(ReferralTableTest, MessagesCarryNeitherReceiptNorExpiryNorNonsense) {
  EXPECT_FALSE(EventOfMessage(types::v1::TRANSITION_UNSPECIFIED).has_value());
  EXPECT_FALSE(EventOfMessage(types::v1::TRANSITION_RECEIVED).has_value());
  EXPECT_FALSE(EventOfMessage(types::v1::TRANSITION_EXPIRE).has_value());
  EXPECT_FALSE(EventOfMessage(static_cast<Transition>(17)).has_value());
  EXPECT_FALSE(EventOfMessage(static_cast<Transition>(-1)).has_value());
}

TEST(ReferralTableTest, EveryTransitionOfAMessageIsOneEvent) {
  for (int number = types::v1::TRANSITION_REQUEST; number <= types::v1::TRANSITION_ENTERED_IN_ERROR;
       ++number) {
    auto transition = static_cast<Transition>(number);
    auto event = EventOfMessage(transition);
    ASSERT_TRUE(event.has_value()) << number;
    EXPECT_EQ(TransitionOf(*event), transition);
    EXPECT_NE(*event, Event::kForward) << "a forward is a request with a parent";
  }
}

}  // namespace
}  // namespace waystation::referral
