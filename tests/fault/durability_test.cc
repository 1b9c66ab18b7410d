#include <chrono>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <regex>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/harness/drafts.h"
#include "tests/harness/operations.h"
#include "tests/harness/puller.h"
#include "tests/harness/test_bus.h"
#include "waystation/bus/v1/publisher.grpc.pb.h"

// Follows the system calls of the broker: no answer may leave before the
// journal block that it speaks of has been written and synced.

namespace waystation::harness {
namespace {

constexpr int kMessages = 50;
constexpr int kFrames = 20;
constexpr int kFrameMessages = 4;
constexpr int kFrameReceipts = 16;
// An answer holds a custody receipt of more than 400 bytes for each message; what
// HTTP/2 says besides is far smaller.
constexpr int kAnswerBytesMin = 300;
// The result of one receipt: a message id of 36 characters, and two bytes each for
// two fields. Sixteen of them stand out as an answer does.
constexpr int kResultBytesMin = 36;
// Blocks of messages and of sixteen receipts are larger, and the blocks in which
// the broker notes a checkpoint of its audit log, which nobody asked for, smaller.
constexpr int kBlockBytesMin = 2'048;
// No other block has so many.
constexpr int kMarkBytes = 64 * 1024;
constexpr std::chrono::seconds kConnectMax(20);

// What the calls of a trace add up to, in the order in which they ended or, for
// a write, began: a write that began may be on the wire already. The test asks for
// one thing after another, so each answer has a block of its own before it.
struct Followed {
  int blocks = 0;  // Written and synced.
  int answers = 0;
  int early = 0;         // Answers while a block was not synced.
  int without_sync = 0;  // Answers with no synced block since the one before.
  bool unsynced = false;
  int synced_since_answer = 0;

  void OnWrite() { unsynced = true; }
  void OnSync() {
    if (!unsynced) return;
    unsynced = false;
    ++blocks;
    ++synced_since_answer;
  }
  void OnAnswer() {
    ++answers;
    early += unsynced ? 1 : 0;
    without_sync += synced_since_answer == 0 ? 1 : 0;
    synced_since_answer = 0;
  }
};

// One line of strace -f -y. A call that other threads interrupt comes as
// "<unfinished ...>" and "<... name resumed>". What comes before the block of the
// mark is not looked at.
class TraceReader {
 public:
  explicit TraceReader(int answer_bytes_min) : answer_bytes_min_(answer_bytes_min) {}

  void Line(const std::string& line) {
    static const std::regex begun(R"(^(\d+) +(\w+)\(\d+<([^>]*)>(.*)$)");
    static const std::regex resumed(R"(^(\d+) +<\.\.\. (\w+) resumed>(.*)$)");
    std::smatch match;
    if (std::regex_match(line, match, begun)) {
      Begun(match[2], match[3], match[4]);
      bool unfinished = match[4].str().find("<unfinished") != std::string::npos;
      if (unfinished) {
        open_[match[1]] = match[3];
      } else {
        Ended(match[2], match[3]);
      }
    } else if (std::regex_match(line, match, resumed)) {
      Ended(match[2], open_[match[1]]);
    }
  }
  // From the block of the mark on.
  const Followed& followed() const { return followed_; }

 private:
  // Segments in the making hold nothing yet.
  static bool IsJournal(const std::string& file) {
    return file.find("/broker/journal/") != std::string::npos && !file.ends_with(".new");
  }

  void Begun(const std::string& call, const std::string& file, const std::string& rest) {
    if (call == "pwrite64" && IsJournal(file)) return BlockBegun(BytesOf(call, rest));
    bool is_socket = file.starts_with("socket:") || file.starts_with("TCP");
    if (marked_ && is_socket && BytesOf(call, rest) >= answer_bytes_min_) followed_.OnAnswer();
  }
  void BlockBegun(int bytes) {
    marked_ |= bytes >= kMarkBytes;
    if (marked_ && bytes >= kBlockBytesMin) followed_.OnWrite();
  }
  void Ended(const std::string& call, const std::string& file) {
    if (call == "fdatasync" && IsJournal(file)) followed_.OnSync();
  }

  // What is being written: iov_len of sendmsg and writev, the count of write and
  // pwrite64, which also has an offset.
  static int BytesOf(const std::string& call, const std::string& rest) {
    static const std::regex part(R"(iov_len=(\d+))");
    static const std::regex count(R"(, (\d+)(?:, \d+)?(?:\)| <unfinished))");
    int bytes = 0;
    const bool counted = call == "write" || call == "pwrite64";
    const std::regex& wanted = counted ? count : part;
    for (std::sregex_iterator it(rest.begin(), rest.end(), wanted), end; it != end; ++it) {
      bytes += std::stoi((*it)[1]);
    }
    return bytes;
  }

  const int answer_bytes_min_;
  std::map<std::string, std::string> open_;  // File of the call by thread.
  bool marked_ = false;
  Followed followed_;
};

class DurabilityTest : public testing::Test {
 protected:
  DurabilityTest()
      : bus_({.adjust_genesis = nullptr,
              // -D keeps the broker our child, so that its pid is what we stop.
              .broker_prefix = {"/usr/bin/strace", "-D", "-f", "-v", "-y", "-s", "0", "-e",
                                "trace=fdatasync,pwrite64,sendmsg,write,writev", "-e",
                                "signal=none", "-o", trace_}}),
        doj_(bus_, kDoj),
        ins_(bus_, kIns) {
    bus_.Start();
    doj_channel_ = bus_.Channel(kDoj);
    ins_channel_ = bus_.Channel(kIns);
  }

  static std::string LargePayload() { return std::string(3'000, 'p'); }

  // Frames of so many messages over one stream; each waits for the answer to the
  // one before.
  void PublishFrames(int frame_messages, const std::string& payload) {
    grpc::ClientContext context;
    auto stub = bus::v1::PublisherService::NewStub(doj_channel_);
    auto stream = stub->StreamingPublish(&context);
    bus::v1::StreamingPublishResponse response;
    for (int i = 0; i < kFrames; ++i) {
      bus::v1::StreamingPublishRequest frame;
      for (int j = 0; j < frame_messages; ++j) {
        *frame.add_messages() = doj_.Sign(doj_.Report(kIns), payload);
      }
      ASSERT_TRUE(stream->Write(frame));
      ASSERT_TRUE(stream->Read(&response));
      ASSERT_EQ(response.results_size(), frame_messages);
      for (const auto& result : response.results()) {
        EXPECT_FALSE(result.has_refusal()) << result.ShortDebugString();
      }
    }
    stream->WritesDone();
    EXPECT_FALSE(stream->Read(&response));
    EXPECT_TRUE(stream->Finish().ok());
  }

  // A block that the trace shows, larger than all others. For DOJ, whom nobody
  // delivers to: its answer is the first that counts. Whoever asks is connected
  // before: the certificates of a handshake are as large as an answer.
  void Mark() {
    ASSERT_TRUE(doj_channel_->WaitForConnected(std::chrono::system_clock::now() + kConnectMax));
    auto marked = Publish(ins_channel_, ins_.Sign(ins_.Report(kDoj), std::string(kMarkBytes, 'm')));
    ASSERT_TRUE(marked.ok()) << marked.status();
  }

  // Ends the broker and reads the trace from the mark on: its block and `blocks`
  // more, each with its answer.
  void ExpectEachAnswerAfterItsSync(int blocks, int answer_bytes_min) {
    bus_.Stop();
    TraceReader reader(answer_bytes_min);
    std::ifstream file(trace_);
    for (std::string line; std::getline(file, line);) reader.Line(line);
    const Followed& followed = reader.followed();
    std::cout << followed.blocks << " blocks, " << followed.answers << " answers" << std::endl;
    EXPECT_GE(followed.answers, blocks);
    EXPECT_GE(followed.blocks, blocks + 1);
    EXPECT_EQ(followed.early, 0);
    EXPECT_EQ(followed.without_sync, 0);
  }

  const std::string trace_ = testing::TempDir() + "/broker.strace";
  TestBus bus_;
  Drafts doj_;
  Drafts ins_;
  std::shared_ptr<grpc::Channel> doj_channel_;
  std::shared_ptr<grpc::Channel> ins_channel_;
};

TEST_F(DurabilityTest, NoAnswerLeavesBeforeItsBlockIsSynced) {
  ASSERT_NO_FATAL_FAILURE(Mark());
  for (int i = 0; i < kMessages; ++i) {
    ASSERT_TRUE(Publish(doj_channel_, doj_.Sign(doj_.Report(kIns), LargePayload())).ok()) << i;
  }
  ExpectEachAnswerAfterItsSync(kMessages, kAnswerBytesMin);
}

TEST_F(DurabilityTest, NoAnswerToAStreamedFrameLeavesBeforeItsBlockIsSynced) {
  ASSERT_NO_FATAL_FAILURE(Mark());
  ASSERT_NO_FATAL_FAILURE(PublishFrames(kFrameMessages, LargePayload()));
  // One frame is answered by one frame.
  ExpectEachAnswerAfterItsSync(kFrames, kFrameMessages * kAnswerBytesMin);
}

// The result of a delivery receipt says that the receipt is on the record.
TEST_F(DurabilityTest, NoReceiptIsConfirmedBeforeItsBlockIsSynced) {
  ASSERT_NO_FATAL_FAILURE(PublishFrames(kFrameReceipts, "small, so that no block is a mark"));
  Puller puller(ins_channel_, ins_);
  std::vector<bus::v1::Delivery> all = puller.NextMany(size_t{kFrames} * kFrameReceipts);
  ASSERT_EQ(all.size(), size_t{kFrames} * kFrameReceipts);
  // All has been delivered: what is sent from here on are results.
  ASSERT_NO_FATAL_FAILURE(Mark());
  for (auto at = all.begin(); at != all.end(); at += kFrameReceipts) {
    puller.Ack(std::vector<bus::v1::Delivery>(at, at + kFrameReceipts));
    for (int i = 0; i < kFrameReceipts; ++i) {
      std::optional<bus::v1::AckResult> result = puller.NextResult();
      ASSERT_TRUE(result.has_value());
      EXPECT_FALSE(result->has_refusal()) << result->ShortDebugString();
    }
  }
  ExpectEachAnswerAfterItsSync(kFrames, kFrameReceipts * kResultBytesMin);
}

// The reader itself would see a broker that answers too early.
TEST(TraceReaderTest, SeesAnEarlyAnswerAndOneWithoutABlock) {
  TraceReader reader(kAnswerBytesMin);
  // Before the mark nothing counts.
  reader.Line(R"(13 sendmsg(7<socket:[5]>, {msg_iov=[{iov_base="", iov_len=900}]}, 0) = 900)");
  reader.Line(R"(12 pwrite64(9</x/broker/journal/1.wsj>, ""..., 66048, 512) = 66048)");
  reader.Line(R"(12 fdatasync(9</x/broker/journal/1.wsj>) = 0)");
  reader.Line(R"(13 sendmsg(7<socket:[5]>, {msg_iov=[{iov_base="", iov_len=900}]}, 0) = 900)");
  EXPECT_EQ(reader.followed().answers, 1);
  EXPECT_EQ(reader.followed().blocks, 1);
  EXPECT_EQ(reader.followed().early + reader.followed().without_sync, 0);
  reader.Line(R"(12 pwrite64(9</x/broker/journal/1.wsj>, ""..., 4096, 66560 <unfinished ...>)");
  reader.Line(R"(12 <... pwrite64 resumed>) = 4096)");
  reader.Line(R"(12 fdatasync(9</x/broker/journal/1.wsj> <unfinished ...>)");
  reader.Line(R"(13 sendmsg(7<socket:[5]>, {msg_iov=[{iov_base="", iov_len=900}]}, 0) = 900)");
  reader.Line(R"(12 <... fdatasync resumed>) = 0)");
  EXPECT_EQ(reader.followed().early, 1);
  EXPECT_EQ(reader.followed().without_sync, 1);
  reader.Line(R"(13 sendmsg(7<socket:[5]>, {msg_iov=[{iov_base="", iov_len=900}]}, 0) = 900)");
  reader.Line(R"(13 sendmsg(7<socket:[5]>, {msg_iov=[{iov_base="", iov_len=900}]}, 0) = 900)");
  EXPECT_EQ(reader.followed().answers, 4);
  EXPECT_EQ(reader.followed().without_sync, 2);
  EXPECT_EQ(reader.followed().blocks, 2);
}

// What a broker says besides: small frames of HTTP/2, and a checkpoint's block.
TEST(TraceReaderTest, SmallWritesAreNeitherAnswersNorBlocksOfMessages) {
  TraceReader reader(kAnswerBytesMin);
  reader.Line(R"(12 pwrite64(9</x/broker/journal/1.wsj>, ""..., 66048, 512) = 66048)");
  reader.Line(R"(12 fdatasync(9</x/broker/journal/1.wsj>) = 0)");
  reader.Line(R"(12 pwrite64(9</x/broker/journal/1.wsj>, ""..., 1024, 66560) = 1024)");
  reader.Line(R"(13 sendmsg(7<socket:[5]>, {msg_iov=[{iov_base="", iov_len=39}]}, 0) = 39)");
  reader.Line(R"(12 pwrite64(9</x/broker/journal/2.wsj.new>, ""..., 262144, 4096) = 262144)");
  EXPECT_EQ(reader.followed().answers, 0);
  EXPECT_EQ(reader.followed().blocks, 1);
  EXPECT_FALSE(reader.followed().unsynced);
}

}  // namespace
}  // namespace waystation::harness
