#include "common/statute/work_authorization.h"

#include <string>

#include "common/status/status.h"
#include "gtest/gtest.h"

namespace waystation::statute {
namespace {

using Day = absl::CivilDay;

const Day kFrom(2002, 4, 10);
const Day kUntil(2003, 4, 9);
const Day kToday(2002, 5, 1);

Presence With(Mechanism mechanism) { return {"pv-7", mechanism, kFrom, kUntil, false}; }

WorkAuthorization Work(WorkBasis basis, bool necessity = false) {
  return {basis, basis == WorkBasis::kOther ? "8 CFR 274a.12(c)(12)" : "", necessity, kFrom,
          kUntil};
}

TEST(WorkAuthorizationTest, BasisFollowsMechanism) {
  struct Case {
    Mechanism mechanism;
    WorkBasis basis;
  };
  const Case open[] = {
      {Mechanism::kParole, WorkBasis::kParole},
      {Mechanism::kDeferredAction, WorkBasis::kDeferredAction},
      {Mechanism::kStayOfRemoval, WorkBasis::kOrderOfSupervision},
  };
  for (const Case& c : open) {
    for (WorkBasis basis :
         {WorkBasis::kParole, WorkBasis::kDeferredAction, WorkBasis::kOrderOfSupervision}) {
      const absl::Status status =
          CheckWorkAuthorization(With(c.mechanism), Work(basis, true), kToday);
      EXPECT_EQ(ReasonOf(status), basis == c.basis ? "" : "WORK_BASIS_NOT_OPEN") << status;
      EXPECT_EQ(status.ok(), basis == c.basis);
    }
  }
}

TEST(WorkAuthorizationTest, OtherBasisIsOpenUnderEveryMechanismWithItsCitation) {
  for (Mechanism mechanism : {Mechanism::kParole, Mechanism::kStayOfRemoval,
                              Mechanism::kDeferredAction, Mechanism::kOther}) {
    WorkAuthorization work = Work(WorkBasis::kOther);
    EXPECT_TRUE(CheckWorkAuthorization(With(mechanism), work, kToday).ok());
    work.basis_citation.clear();
    EXPECT_EQ(ReasonOf(CheckWorkAuthorization(With(mechanism), work, kToday)),
              "WORK_BASIS_NEEDS_CITATION");
  }
}

TEST(WorkAuthorizationTest, RefusesWithoutBasis) {
  EXPECT_EQ(ReasonOf(CheckWorkAuthorization(With(Mechanism::kOther), Work(WorkBasis::kNotStated),
                                            kToday)),
            "WORK_BASIS_NOT_OPEN");
}

TEST(WorkAuthorizationTest, DeferredActionNeedsEconomicNecessity) {
  const Presence presence = With(Mechanism::kDeferredAction);
  EXPECT_TRUE(
      CheckWorkAuthorization(presence, Work(WorkBasis::kDeferredAction, true), kToday).ok());
  EXPECT_EQ(
      ReasonOf(CheckWorkAuthorization(presence, Work(WorkBasis::kDeferredAction, false), kToday)),
      "WORK_NEEDS_ECONOMIC_NECESSITY");
  EXPECT_TRUE(
      CheckWorkAuthorization(With(Mechanism::kParole), Work(WorkBasis::kParole, false), kToday)
          .ok());
}

TEST(WorkAuthorizationTest, StaysWithinThePresence) {
  struct Case {
    Day from, until;
    std::string reason;
  };
  for (const Case& c : {
           Case{kFrom, kUntil, ""},
           Case{kFrom, kFrom + 1, ""},
           Case{kFrom, kFrom, "WORK_AUTHORIZATION_PERIOD_INVALID"},
           Case{kFrom - 1, kUntil, "WORK_AUTHORIZATION_BEFORE_PRESENCE"},
           Case{kFrom, kUntil + 1, "WORK_AUTHORIZATION_OUTLASTS_PRESENCE"},
       }) {
    WorkAuthorization work = Work(WorkBasis::kParole);
    work.effective_date = c.from;
    work.expires_on = c.until;
    EXPECT_EQ(ReasonOf(CheckWorkAuthorization(With(Mechanism::kParole), work, kToday)), c.reason);
  }
}

TEST(WorkAuthorizationTest, NeedsAPresenceThatHasNotEnded) {
  Presence presence = With(Mechanism::kParole);
  EXPECT_TRUE(CheckWorkAuthorization(presence, Work(WorkBasis::kParole), kUntil).ok());
  EXPECT_EQ(ReasonOf(CheckWorkAuthorization(presence, Work(WorkBasis::kParole), kUntil + 1)),
            "PRESENCE_ENDED");
  presence.ended = true;
  EXPECT_EQ(ReasonOf(CheckWorkAuthorization(presence, Work(WorkBasis::kParole), kToday)),
            "PRESENCE_ENDED");
}

TEST(WorkAuthorizationTest, RefusalCitesTheSection) {
  WorkAuthorization work = Work(WorkBasis::kParole);
  work.expires_on = kUntil + 1;
  EXPECT_EQ(Std(CheckWorkAuthorization(With(Mechanism::kParole), work, kToday).message()),
            "work authorization: outlasts the presence, got 2003-04-10, want a day not after "
            "2003-04-09 (8 CFR 274a.12(c))");
}

}  // namespace
}  // namespace waystation::statute
