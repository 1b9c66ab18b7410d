#include "common/evidence/handoff_index.h"

#include <functional>

#include "common/evidence/test_bus.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::evidence {
namespace {

using audit::v1::HandoffEntry;
using audit::v1::ListHandoffsResponse;

constexpr char kToken[] = "s17";

class HandoffIndexTest : public testing::Test {
 protected:
  HandoffIndexTest() {
    page_.set_agency(doj_.identity());
    page_.mutable_time()->set_seconds(1'003'156'201);
    page_.set_page_token(kToken);
    HandoffEntry& entry = entries_.emplace_back();
    entry.set_position(17);
    entry.set_message_id("00e990c4-da40-7000-8000-000000000001");
    entry.set_envelope_hash(std::string(32, 'h'));
    entry.mutable_time()->set_seconds(1'003'156'200);
    entry.mutable_accepted()->set_sequence(42);
    entry.mutable_accepted()->mutable_accept_time()->set_seconds(1'003'156'201);
  }

  ListHandoffsResponse Sign() {
    auto response = SignHandoffIndex(doj_, page_, entries_, TestBus::Now());
    EXPECT_TRUE(response.ok()) << response.status();
    return *std::move(response);
  }
  absl::StatusOr<HandoffIndexPage> Read(const ListHandoffsResponse& response) {
    std::shared_ptr<const DirectoryView> directory = bus_.View();
    return ReadHandoffIndex(Verifier(*directory), response, doj_.identity(), kToken);
  }
  std::string ReasonFor(const ListHandoffsResponse& response) {
    auto read = Read(response);
    return read.ok() ? "OK" : ReasonOf(read.status());
  }
  // What is said of a first entry that `spoil` has changed before it was signed.
  std::string ReasonAfter(const std::function<void(HandoffEntry&)>& spoil) {
    spoil(entries_.front());
    return ReasonFor(Sign());
  }

  TestBus bus_;
  Signer doj_ = bus_.Enroll("/agency/doj");
  Signer ins_ = bus_.Enroll("/agency/ins");
  audit::v1::HandoffPage page_;
  std::vector<HandoffEntry> entries_;
};

TEST_F(HandoffIndexTest, ReadsWhatTheAgencySigned) {
  auto read = Read(Sign());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->page.entry_count(), 1u);
  ASSERT_EQ(read->entries.size(), 1u);
  EXPECT_EQ(read->entries.front().accepted().sequence(), 42u);
}

TEST_F(HandoffIndexTest, ReadsAPageWithoutEntries) {
  entries_.clear();
  EXPECT_EQ(ReasonFor(Sign()), "OK");
}

TEST_F(HandoffIndexTest, RefusesMoreThanAThousandEntries) {
  entries_.resize(1000, entries_.front());
  EXPECT_EQ(ReasonFor(Sign()), "OK");
  entries_.push_back(entries_.front());
  EXPECT_FALSE(SignHandoffIndex(doj_, page_, entries_, TestBus::Now()).ok());
}

TEST_F(HandoffIndexTest, RefusesAnEntryThatWasChangedDroppedOrAdded) {
  ListHandoffsResponse changed = Sign();
  changed.mutable_entries(0)->back() = static_cast<char>(changed.entries(0).back() ^ 1);
  EXPECT_EQ(ReasonFor(changed), "BATCH_PATH_INVALID");
  ListHandoffsResponse dropped = Sign();
  dropped.clear_entries();
  EXPECT_EQ(ReasonFor(dropped), "BATCH_PATH_INVALID");
  ListHandoffsResponse added = Sign();
  added.add_entries(added.entries(0));
  EXPECT_EQ(ReasonFor(added), "BATCH_PATH_INVALID");
}

TEST_F(HandoffIndexTest, RefusesAnotherAgencysSignature) {
  auto response = SignHandoffIndex(ins_, page_, entries_, TestBus::Now());
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(ReasonFor(*response), "CERTIFICATE_UNKNOWN");
}

TEST_F(HandoffIndexTest, RefusesAnotherPageThanTheOneAskedFor) {
  page_.set_page_token("s16");
  EXPECT_EQ(ReasonFor(Sign()), "INDEX_MALFORMED");
}

TEST_F(HandoffIndexTest, RefusesAPageInAnotherAgencysName) {
  page_.set_agency(ins_.identity());
  EXPECT_EQ(ReasonFor(Sign()), "INDEX_MALFORMED");
}

TEST_F(HandoffIndexTest, RefusesAnEntryWithoutWhatItNeeds) {
  EXPECT_EQ(ReasonAfter([](HandoffEntry& e) { e.set_message_id("x"); }), "INDEX_MALFORMED");
}

TEST_F(HandoffIndexTest, RefusesAnEntryWithAShortHash) {
  EXPECT_EQ(ReasonAfter([](HandoffEntry& e) { e.set_envelope_hash("h"); }), "INDEX_MALFORMED");
}

TEST_F(HandoffIndexTest, RefusesAnEntryWithoutAState) {
  EXPECT_EQ(ReasonAfter([](HandoffEntry& e) { e.clear_accepted(); }), "INDEX_MALFORMED");
}

TEST_F(HandoffIndexTest, RefusesACustodyWithoutASequence) {
  EXPECT_EQ(ReasonAfter([](HandoffEntry& e) { e.mutable_accepted()->clear_sequence(); }),
            "INDEX_MALFORMED");
}

TEST_F(HandoffIndexTest, RefusesAReceiptWithoutAnOutcome) {
  EXPECT_EQ(ReasonAfter([](HandoffEntry& e) { e.mutable_received()->set_attempt(1); }),
            "INDEX_MALFORMED");
}

}  // namespace
}  // namespace waystation::evidence
