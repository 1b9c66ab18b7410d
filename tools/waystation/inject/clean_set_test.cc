#include "tools/waystation/inject/clean_set.h"

#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "waystation/bus/v1/message.pb.h"

namespace waystation::cli {
namespace {

using testing::ElementsAre;

constexpr char kDoj[] = "spiffe://waystation.example/agency/doj";

// Two messages of one key, one of another, and one batch of receipts for both keys.
class CleanSetTest : public testing::Test {
 protected:
  CleanSetTest() {
    Accept("a1", "a");
    Accept("b1", "b");
    Accept("a2", "a");
    journal::v1::Record delivered = Next();
    for (uint64_t sequence : {1, 2, 0}) delivered.mutable_delivered()->add_sequences(sequence);
    records_.push_back(delivered.SerializeAsString());
    journal::v1::Record leased = Next();
    leased.mutable_leased()->add_sequences(2);
    records_.push_back(leased.SerializeAsString());
    for (const char* id : {"a1", "b1", "a2"}) {
      audit::v1::HandoffEntry entry;
      entry.set_message_id(id);
      entry.mutable_accepted();
      index_.entries.push_back(entry);
    }
  }

  journal::v1::Record Next() const {
    journal::v1::Record record;
    record.set_sequence(records_.size() + 1);
    return record;
  }
  void Accept(const std::string& id, const std::string& key) {
    bus::v1::Header header;
    header.set_id(id);
    header.set_source(kDoj);
    header.set_ordering_key(key);
    journal::v1::Record record = Next();
    record.mutable_accepted()->set_header(header.SerializeAsString());
    records_.push_back(record.SerializeAsString());
  }
  CleanSet Make() {
    auto set = CleanSet::Create(records_, {index_});
    EXPECT_TRUE(set.ok()) << set.status();
    return *std::move(set);
  }

  std::vector<std::string> records_;
  handoffs::AgencyIndex index_{kDoj, {}};
};

TEST_F(CleanSetTest, KnowsMessagesAndBatches) {
  const CleanSet set = Make();
  EXPECT_EQ(set.messages().size(), 3u);
  EXPECT_EQ(set.Find("a2").sequence, 3u);
  ASSERT_EQ(set.batches().size(), 1u);
  EXPECT_THAT(set.batches()[0].message_ids, ElementsAre("a1", "b1"));
}

TEST_F(CleanSetTest, CutsOutAllThatIsSaidOfAKey) {
  const Testimony part = Make().Around({"b1"});
  EXPECT_THAT(part.message_ids, ElementsAre("b1"));
  EXPECT_THAT(part.records, ElementsAre(records_[1], records_[3], records_[4]));
  ASSERT_EQ(part.indexes.at(kDoj).size(), 1u);
  EXPECT_EQ(part.indexes.at(kDoj)[0].message_id(), "b1");
}

TEST_F(CleanSetTest, TakesTheOthersOfTheKeyToo) {
  EXPECT_THAT(Make().Around({"a2"}).message_ids, ElementsAre("a1", "a2"));
  EXPECT_THAT(Make().Around({"a2", "b1"}).message_ids, ElementsAre("a1", "a2", "b1"));
}

TEST_F(CleanSetTest, RefusesWhatCannotBeRead) {
  records_[0] = "\xff";
  EXPECT_TRUE(absl::IsDataLoss(CleanSet::Create(records_, {}).status()));
}

}  // namespace
}  // namespace waystation::cli
