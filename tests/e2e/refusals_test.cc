#include <algorithm>
#include <iostream>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "common/limits/limits.h"
#include "common/rpc/status_grpc.h"
#include "common/status/status.h"
#include "gtest/gtest.h"
#include "tests/e2e/problem_text.h"
#include "tests/e2e/refusal_rows.h"
#include "tests/e2e/refusal_world.h"
#include "tests/harness/operations.h"
#include "waystation/bus/v1/publisher.grpc.pb.h"

// The whole table of bad input, against the real broker over real mutual TLS.
// For each row: the code and reason that the caller gets, a text that names the thing,
// the problem, what came and what is wanted, the same in the feed of refusals, nothing
// taken onto the record but the refusal itself, and a broker that takes a good message
// right after it.

namespace waystation::harness {
namespace {

using Feed = std::vector<journal::v1::Refused>;

// What the operator sees of the refusals from a sequence on.
Feed ReadFeed(RefusalWorld& world, uint64_t begin) {
  Feed feed;
  auto refusals = ListRefusals(world.operator_channel);
  if (!refusals.ok()) {
    ADD_FAILURE() << refusals.status();
    return feed;
  }
  for (const auto& entry : *refusals) {
    if (entry.sequence() >= begin) feed.push_back(entry.refused());
  }
  return feed;
}

// A peer without a name matches any.
bool IsOf(const journal::v1::Refused& refused, const Row& row) {
  bool is_peer = row.peer.empty() || refused.peer() == cli::DevIdentity(row.peer);
  return is_peer && refused.stage() == row.stage && refused.reason() == row.reason;
}

// How often a row stands in the feed.
uint32_t CountOf(const Feed& feed, const Row& row) {
  uint32_t count = 0;
  for (const auto& refused : feed) count += IsOf(refused, row) ? refused.count() : 0;
  return count;
}

bool HasWords(std::string_view text, const Row& row) {
  return std::all_of(row.words.begin(), row.words.end(), [&](const std::string& word) {
    return text.find(word) != std::string_view::npos;
  });
}

void CheckForm(std::string_view text) {
  EXPECT_TRUE(ParseProblem(text).has_value())
      << text << "\nis not <thing>: <problem>, got <value>, want <rule>";
}

void CheckAnswer(const Row& row, const absl::Status& status) {
  std::cout << row.name << ": " << status << std::endl;
  EXPECT_EQ(status.code(), row.code) << status;
  if (row.stage == "handshake") return;  // TLS has no words for it; the feed has.
  EXPECT_EQ(ReasonOf(status), row.reason) << status;
  CheckForm(Std(status.message()));
  EXPECT_TRUE(HasWords(Std(status.message()), row))
      << status << " lacks one of " << testing::PrintToString(row.words);
}

// Whatever is in the feed has the form. One entry stands for all of its peer, stage,
// reason and second and has the text of the first of them: it is some row's of these.
void CheckFeed(const Feed& feed, const std::vector<Row>& rows) {
  for (const auto& refused : feed) {
    CheckForm(refused.text());
    bool is_rows = false;
    bool has_words = false;
    for (const Row& row : rows) {
      if (!IsOf(refused, row)) continue;
      is_rows = true;
      has_words |= HasWords(refused.text(), row);
    }
    EXPECT_EQ(has_words, is_rows) << refused.ShortDebugString() << " lacks a row's words";
  }
}

// Each row by itself, and a good message after it.
void Try(RefusalWorld& world, const std::vector<Row>& rows) {
  std::set<uint64_t> good;
  const uint64_t begin = LastSequence(world.operator_channel) + 1;
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    CheckAnswer(row, row.send(world));
    good.insert(world.PublishGood());
    ASSERT_TRUE(world.bus.running());
  }
  for (const Row& row : rows) {
    auto same = [&](const Row& other) {
      return std::tie(other.peer, other.stage, other.reason) ==
             std::tie(row.peer, row.stage, row.reason);
    };
    auto expected = static_cast<uint32_t>(std::count_if(rows.begin(), rows.end(), same));
    uint32_t found = 0;
    bool recorded = Eventually(
        [&] {
          found = CountOf(ReadFeed(world, begin), row);
          return found >= expected;
        },
        absl::Seconds(3));
    EXPECT_TRUE(recorded) << row.name << ": on the record " << found << " times, want " << expected;
  }
  CheckFeed(ReadFeed(world, begin), rows);
  for (const auto& record : ReadRecords(world.bus, begin, LastSequence(world.operator_channel))) {
    EXPECT_EQ(record.has_accepted(), good.count(record.sequence()) == 1) << "taken";
    EXPECT_FALSE(record.has_delivered()) << record.ShortDebugString();
  }
}

class RefusalsTest : public testing::Test {
 protected:
  static RefusalWorld& World() {
    static auto& world = *new RefusalWorld;
    return world;
  }
};

TEST_F(RefusalsTest, Limits) { Try(World(), LimitRows()); }
TEST_F(RefusalsTest, Syntax) { Try(World(), SyntaxRows()); }
TEST_F(RefusalsTest, Cases) { Try(World(), CaseRows()); }
TEST_F(RefusalsTest, Receipts) { Try(World(), ReceiptRows()); }
TEST_F(RefusalsTest, Identities) { Try(World(), IdentityRows()); }
TEST_F(RefusalsTest, Evidence) { Try(World(), EvidenceRows()); }

TEST_F(RefusalsTest, AsManyOutcomesAsTheLimitAllowsAreTold) {
  RefusalWorld& world = World();
  std::vector<std::string> ids = UnknownIds(kOutcomesAskedMax - 1);
  ids.push_back(HeaderOf(world.delivered_message).id());
  auto outcomes = ListPublishOutcomes(world.doj_channel, ids);
  ASSERT_TRUE(outcomes.ok()) << outcomes.status();
  ASSERT_EQ(outcomes->size(), 1u);
  EXPECT_EQ(outcomes->front().message_id(), ids.back());
}

// Sends copies of one message, each with another bit flipped in the part that
// `part` gives; every one must be refused.
template <typename Part>
void FlipEveryBit(RefusalWorld& world, Part part) {
  bus::v1::SignedMessage original = world.doj.Sign(world.doj.Report(kIns), "flip");
  const uint64_t begin = LastSequence(world.operator_channel) + 1;
  auto stub = bus::v1::PublisherService::NewStub(world.doj_channel);
  grpc::ClientContext context;
  auto stream = stub->StreamingPublish(&context);
  size_t bits = part(&original)->size() * 8;
  std::set<std::string> reasons;
  for (size_t first = 0; first < bits; first += 256) {
    bus::v1::StreamingPublishRequest frame;
    for (size_t bit = first; bit < std::min(bits, first + 256); ++bit) {
      bus::v1::SignedMessage* copy = frame.add_messages();
      *copy = original;
      (*part(copy))[bit / 8] ^= static_cast<char>(1 << (bit % 8));
    }
    stream->Write(frame);
    for (int answered = 0; answered < frame.messages_size();) {
      bus::v1::StreamingPublishResponse response;
      ASSERT_TRUE(stream->Read(&response));
      for (const auto& result : response.results()) {
        EXPECT_TRUE(result.has_refusal()) << "bit " << first + static_cast<size_t>(answered);
        reasons.insert(ReasonOf(rpc::FromRpcStatus(result.refusal())));
        ++answered;
      }
    }
  }
  stream->WritesDone();
  stream->Finish();
  EXPECT_EQ(reasons.count(""), 0u);
  const uint64_t last = world.PublishGood();
  for (const auto& record : ReadRecords(world.bus, begin, last)) {
    EXPECT_EQ(record.has_accepted(), record.sequence() == last) << record.sequence();
  }
  // The untouched message is as good as ever.
  EXPECT_TRUE(Publish(world.doj_channel, original).ok());
  std::cout << bits << " bits, reasons:";
  for (const std::string& reason : reasons) std::cout << " " << reason;
  std::cout << std::endl;
}

TEST_F(RefusalsTest, EveryFlippedBitOfAHeaderIsRefused) {
  FlipEveryBit(World(), [](bus::v1::SignedMessage* m) { return m->mutable_header(); });
}

TEST_F(RefusalsTest, EveryFlippedBitOfASignatureIsRefused) {
  FlipEveryBit(World(), [](bus::v1::SignedMessage* m) {
    return m->mutable_signature()->mutable_signature();
  });
}

TEST_F(RefusalsTest, EveryFlippedBitOfAPayloadIsRefused) {
  FlipEveryBit(World(), [](bus::v1::SignedMessage* m) { return m->mutable_payload(); });
}

TEST_F(RefusalsTest, AReplayIsAnsweredWithTheSameBytesAndDeliveredOnce) {
  RefusalWorld& world = World();
  bus::v1::SignedMessage message = world.ins.Sign(world.ins.Report(kDoj), "once");
  auto first = Publish(world.ins_channel, message);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_FALSE(first->duplicate());
  for (int i = 0; i < 3; ++i) {
    auto again = Publish(world.ins_channel, message);
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_TRUE(again->duplicate());
    EXPECT_EQ(again->receipt().SerializeAsString(), first->receipt().SerializeAsString());
  }
  Puller doj(world.doj_channel, world.doj);
  std::vector<bus::v1::Delivery> got = doj.NextMany(2, absl::Milliseconds(500));
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].message().header(), message.header());
  EXPECT_TRUE(doj.AckAndConfirm(got[0]));
}

TEST_F(RefusalsTest, NothingRefusedWasDelivered) {
  RefusalWorld& world = World();
  Puller ins(world.ins_channel, world.ins);
  // "good", the flipped originals, and the request of the referral.
  for (const auto& delivery : ins.NextMany(100'000, absl::Milliseconds(500))) {
    const std::string& payload = delivery.message().payload();
    bool known = payload == "good" || payload == "flip" ||
                 HeaderOf(delivery.message()).referral().referral_id() == world.referral_id;
    EXPECT_TRUE(known) << HeaderOf(delivery.message()).ShortDebugString();
  }
}

}  // namespace
}  // namespace waystation::harness
