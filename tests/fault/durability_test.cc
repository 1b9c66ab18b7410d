#include <csignal>
#include <fstream>
#include <iostream>
#include <map>
#include <regex>
#include <set>
#include <string>

#include "common/status/status.h"
#include "gtest/gtest.h"
#include "tests/harness/drafts.h"
#include "tests/harness/operations.h"
#include "tests/harness/test_bus.h"

// Follows the system calls of the broker: no answer may leave before the
// journal block that it speaks of has been written and synced.

namespace waystation::harness {
namespace {

constexpr int kMessages = 50;
// An answer holds a custody receipt of more than 400 bytes; what HTTP/2 says
// besides is far smaller.
constexpr int kAnswerBytesMin = 300;

// What the calls of a trace add up to, in the order in which they ended or, for
// a socket write, began: a write that began may be on the wire already.
struct Followed {
  int writes = 0;
  int syncs = 0;
  int answers = 0;
  int early = 0;         // Answers while a block was not synced.
  int without_sync = 0;  // Answers with no sync since the one before.
  std::set<std::string> unsynced;
  int syncs_since_answer = 0;

  void OnWrite(const std::string& file) {
    ++writes;
    unsynced.insert(file);
  }
  void OnSync(const std::string& file) {
    ++syncs;
    ++syncs_since_answer;
    unsynced.erase(file);
  }
  void OnAnswer() {
    ++answers;
    early += unsynced.empty() ? 0 : 1;
    without_sync += syncs_since_answer == 0 ? 1 : 0;
    syncs_since_answer = 0;
  }
};

// One line of strace -f -y. A call that other threads interrupt comes as
// "<unfinished ...>" and "<... name resumed>".
class TraceReader {
 public:
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
  const Followed& followed() const { return followed_; }

 private:
  // Segments in the making hold nothing yet.
  static bool IsJournal(const std::string& file) {
    return file.find("/broker/journal/") != std::string::npos && !file.ends_with(".new");
  }

  void Begun(const std::string& call, const std::string& file, const std::string& rest) {
    if (call == "pwrite64" && IsJournal(file)) return followed_.OnWrite(file);
    bool is_socket = file.starts_with("socket:") || file.starts_with("TCP");
    if (is_socket && BytesOf(call, rest) >= kAnswerBytesMin) followed_.OnAnswer();
  }
  void Ended(const std::string& call, const std::string& file) {
    if (call == "fdatasync" && IsJournal(file)) followed_.OnSync(file);
  }

  // What is being sent: iov_len of sendmsg and writev, the count of write.
  static int BytesOf(const std::string& call, const std::string& rest) {
    static const std::regex part(R"(iov_len=(\d+))");
    static const std::regex count(R"(, (\d+)(\)| <unfinished))");
    int bytes = 0;
    const std::regex& wanted = call == "write" ? count : part;
    for (std::sregex_iterator it(rest.begin(), rest.end(), wanted), end; it != end; ++it) {
      bytes += std::stoi((*it)[1]);
    }
    return bytes;
  }

  std::map<std::string, std::string> open_;  // File of the call by thread.
  Followed followed_;
};

TEST(DurabilityTest, NoAnswerLeavesBeforeItsBlockIsSynced) {
  std::string trace = testing::TempDir() + "/broker.strace";
  TestBus bus({.adjust_genesis = nullptr,
               // -D keeps the broker our child, so that its pid is what we stop.
               .broker_prefix = {"/usr/bin/strace", "-D", "-f", "-v", "-y", "-s", "0", "-e",
                                 "trace=fdatasync,pwrite64,sendmsg,write,writev", "-e",
                                 "signal=none", "-o", trace}});
  bus.Start();
  Drafts doj(bus, kDoj);
  auto channel = bus.Channel(kDoj);
  ASSERT_TRUE(Publish(channel, doj.Sign(doj.Report(kIns), "first")).ok());
  std::ifstream file(trace);
  std::string line;
  while (std::getline(file, line)) {
  }
  file.clear();
  for (int i = 0; i < kMessages; ++i) {
    ASSERT_TRUE(Publish(channel, doj.Sign(doj.Report(kIns), "one")).ok()) << i;
  }
  bus.Stop();
  TraceReader reader;
  while (std::getline(file, line)) reader.Line(line);
  const Followed& followed = reader.followed();
  std::cout << followed.writes << " journal writes, " << followed.syncs << " syncs, "
            << followed.answers << " answers" << std::endl;
  EXPECT_GE(followed.answers, kMessages);
  EXPECT_GE(followed.writes, kMessages);
  EXPECT_GE(followed.syncs, kMessages);
  EXPECT_EQ(followed.early, 0);
  EXPECT_EQ(followed.without_sync, 0);
}

// The reader itself would see a broker that answers too early.
TEST(DurabilityTest, TheReaderOfTheTraceSeesAnEarlyAnswer) {
  TraceReader reader;
  reader.Line(R"(12 pwrite64(9</x/broker/journal/1.seg>, ""..., 1024, 512) = 1024)");
  reader.Line(R"(12 fdatasync(9</x/broker/journal/1.seg> <unfinished ...>)");
  reader.Line(R"(13 sendmsg(7<socket:[5]>, {msg_iov=[{iov_base="", iov_len=900}]}, 0) = 900)");
  reader.Line(R"(12 <... fdatasync resumed>) = 0)");
  reader.Line(R"(13 sendmsg(7<socket:[5]>, {msg_iov=[{iov_base="", iov_len=900}]}, 0) = 900)");
  EXPECT_EQ(reader.followed().answers, 2);
  EXPECT_EQ(reader.followed().early, 1);
  EXPECT_EQ(reader.followed().without_sync, 1);
  EXPECT_EQ(reader.followed().syncs, 1);
}

}  // namespace
}  // namespace waystation::harness
