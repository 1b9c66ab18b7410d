#include "common/petitioner/casebook.h"

#include "common/agency/fake_desk.h"
#include "common/status/status.h"
#include "gtest/gtest.h"

namespace waystation::petitioner {
namespace {

TEST(CasebookTest, OpensAStoreThatHasItsTablesUnderDojsName) {
  agency::Schema before = Casebook::schema();
  before.name = "doj";
  // The second takes over what the first one made.
  agency::FakeDesk desk("doj", {before, Casebook::schema()}, {});
  v1::Intake intake;
  intake.set_person("pv-1");
  intake.set_unit("doj/fbi");
  EXPECT_TRUE(desk.Write([&](agency::Tx& tx) { return Casebook(tx.db()).AddIntake(intake); }).ok());
  absl::StatusOr<v1::Intake> kept = absl::UnknownError("not read");
  EXPECT_TRUE(desk.Read([&](agency::Tx& tx) {
                    kept = Casebook(tx.db()).GetIntake("pv-1");
                    return kept.status();
                  })
                  .ok());
  EXPECT_EQ(kept->unit(), "doj/fbi");
}

}  // namespace
}  // namespace waystation::petitioner
