#include "tests/fault/record_fold.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::harness {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using types::v1::Transition;

// Writes the record of one referral between two queues as a broker would, and
// lets a test write it wrong.
class RecordFoldTest : public testing::Test {
 protected:
  journal::v1::Record Next() {
    journal::v1::Record record;
    record.set_sequence(++sequence_);
    return record;
  }

  uint64_t Accept(Transition transition, uint64_t expected_version, const std::string& queue,
                  const std::string& id = "") {
    bus::v1::Header header;
    header.set_id(id.empty() ? absl::StrCat("message-", sequence_) : id);
    header.add_recipients(queue);
    header.set_type("waystation.case.v1");
    header.set_ordering_key("r");
    header.mutable_referral()->set_referral_id("r");
    header.mutable_referral()->set_transition(transition);
    header.mutable_referral()->set_expected_version(expected_version);
    journal::v1::Record record = Next();
    record.mutable_accepted()->set_header(header.SerializeAsString());
    fold_.Take(record);
    return sequence_;
  }

  uint64_t AcceptMemo(const std::string& type) {
    bus::v1::Header header;
    header.set_id(absl::StrCat("message-", sequence_));
    header.set_type(type);
    header.add_recipients("auditor");
    journal::v1::Record record = Next();
    record.mutable_accepted()->set_header(header.SerializeAsString());
    fold_.Take(record);
    return sequence_;
  }

  void Lease(const std::string& queue, uint64_t sequence) {
    journal::v1::Record record = Next();
    record.mutable_leased()->set_queue(queue);
    record.mutable_leased()->add_sequences(sequence);
    fold_.Take(record);
  }

  void Deliver(const std::string& queue, uint64_t sequence) {
    journal::v1::Record record = Next();
    record.mutable_delivered()->set_queue(queue);
    record.mutable_delivered()->add_sequences(sequence);
    fold_.Take(record);
  }

  void GiveBack(const std::string& queue, uint64_t sequence, int64_t retry_us) {
    journal::v1::Record record = Next();
    record.mutable_given_back()->set_queue(queue);
    record.mutable_given_back()->add_sequences(sequence);
    record.mutable_given_back()->add_retry_us(retry_us);
    fold_.Take(record);
  }

  void Open(uint64_t epoch) {
    journal::v1::Record record = Next();
    record.mutable_epoch_opened()->set_epoch(epoch);
    fold_.Take(record);
  }

  // The petition, received and taken up.
  void Begin() {
    uint64_t request = Accept(types::v1::TRANSITION_REQUEST, 0, "ins");
    Lease("ins", request);
    Deliver("ins", request);
    take_up_ = Accept(types::v1::TRANSITION_TAKE_UP, 2, "doj");
  }

  uint64_t sequence_ = 0;
  uint64_t take_up_ = 0;
  RecordFold fold_;
};

TEST_F(RecordFoldTest, ASoundRecordHasNoProblem) {
  Open(1);
  Begin();
  uint64_t answer = Accept(types::v1::TRANSITION_ANSWER, 3, "doj");
  Lease("doj", take_up_);
  GiveBack("doj", take_up_, 1);
  Lease("doj", take_up_);
  Open(2);
  Lease("doj", take_up_);
  Deliver("doj", take_up_);
  Deliver("doj", 0);  // Sent again.
  Lease("doj", answer);
  Deliver("doj", answer);
  EXPECT_THAT(fold_.problems(), IsEmpty());
  EXPECT_THAT(fold_.steps().at("r"),
              ElementsAre(types::v1::TRANSITION_REQUEST, types::v1::TRANSITION_RECEIVED,
                          types::v1::TRANSITION_TAKE_UP, types::v1::TRANSITION_ANSWER));
  EXPECT_THAT(fold_.under_way_at_kills(), ElementsAre(2u));
  EXPECT_EQ(fold_.accepted(), 3u);
  EXPECT_EQ(fold_.delivered(), 3u);
  EXPECT_EQ(fold_.redelivered(), 2u);
}

TEST_F(RecordFoldTest, SeesAStepTwice) {
  Begin();
  Accept(types::v1::TRANSITION_TAKE_UP, 3, "doj");
  EXPECT_THAT(fold_.problems(), Contains(HasSubstr("a second time")));
}

TEST_F(RecordFoldTest, SeesAStepOnAnOldVersion) {
  Begin();
  Accept(types::v1::TRANSITION_ANSWER, 2, "doj");
  EXPECT_THAT(fold_.problems(), Contains(HasSubstr("on version 2, want 3")));
}

TEST_F(RecordFoldTest, SeesAMessageAcceptedTwice) {
  Accept(types::v1::TRANSITION_REQUEST, 0, "ins", "m");
  Accept(types::v1::TRANSITION_CANCEL, 1, "ins", "m");
  EXPECT_THAT(fold_.problems(), Contains(HasSubstr("accepted twice")));
}

TEST_F(RecordFoldTest, SeesADeliveryOutOfTheOrderOfItsKey) {
  Begin();
  uint64_t answer = Accept(types::v1::TRANSITION_ANSWER, 3, "doj");
  Lease("doj", answer);
  EXPECT_THAT(fold_.problems(), Contains(HasSubstr("lease 5: out of the order of its key")));
}

TEST_F(RecordFoldTest, SeesALeaseOrReceiptAfterTheReceipt) {
  Begin();
  Lease("ins", 1);
  Deliver("ins", 1);
  EXPECT_THAT(fold_.problems(),
              ElementsAre(HasSubstr("lease 1: after"), HasSubstr("receipt 1: after")));
}

TEST_F(RecordFoldTest, SeesADeadLetterAndAnotherQueue) {
  Begin();
  Lease("ins", take_up_);
  GiveBack("doj", take_up_, 0);
  EXPECT_THAT(fold_.problems(),
              ElementsAre(HasSubstr("of another queue"), HasSubstr("dead letter")));
}

TEST_F(RecordFoldTest, MemosAreCountedByThemselvesAndMayOvertake) {
  const uint64_t first = AcceptMemo("waystation.audit.compliance.v1");
  const uint64_t second = AcceptMemo("waystation.audit.compliance.v1");
  Lease("auditor", second);
  Deliver("auditor", second);
  EXPECT_THAT(fold_.problems(), ElementsAre());
  EXPECT_EQ(fold_.accepted(), 0u);
  EXPECT_EQ(fold_.accepted_memos(), 2u);
  EXPECT_EQ(fold_.delivered_memos(), 1u);
  Lease("auditor", first);
  Deliver("auditor", first);
  Deliver("auditor", first);
  EXPECT_THAT(fold_.problems(), ElementsAre(HasSubstr("after its receipt")));
}

TEST_F(RecordFoldTest, ACaseWithoutAReferralIsNeither) {
  AcceptMemo("waystation.case.v1");
  EXPECT_THAT(fold_.problems(), ElementsAre(HasSubstr("neither")));
}

TEST_F(RecordFoldTest, SeesAMissingRecord) {
  Begin();
  ++sequence_;
  Lease("doj", take_up_);
  EXPECT_THAT(fold_.problems(), ElementsAre(HasSubstr("after 4")));
}

}  // namespace
}  // namespace waystation::harness
