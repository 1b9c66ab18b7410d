// A process that is killed at any moment loses nothing that it acknowledged.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/journal/journal_testing.h"
#include "common/journal/segment_journal.h"
#include "gtest/gtest.h"

namespace waystation::journal {
namespace {

SegmentJournal::Options In(const TempDirectory& directory) {
  return {.directory = directory.path(), .segment_bytes = 65536};
}

std::string RecordOf(uint64_t sequence) { return absl::StrCat("record ", sequence); }

// Appends for ever and writes each block's last sequence to the pipe once it
// is committed.
[[noreturn]] void AppendAndAck(const TempDirectory& directory, int pipe_fd, uint64_t seed) {
  auto journal = SegmentJournal::Open(In(directory));
  if (!journal.ok()) _exit(1);
  std::mt19937_64 random(seed);
  while (true) {
    uint64_t sequence = (*journal)->head().next_sequence;
    OwnedBlock block;
    block.records.resize(1 + random() % 20);
    for (std::string& record : block.records) record = RecordOf(sequence++);
    block.payloads.emplace_back(random() % 5000, 'p');
    if (!AppendOwned(**journal, block).committed()) _exit(2);
    const uint64_t acked = sequence - 1;
    if (write(pipe_fd, &acked, sizeof(acked)) != sizeof(acked)) _exit(3);
  }
}

// Runs one writer, kills it after `acks` acknowledgements, and returns the last
// one that it gave.
uint64_t RunAndKill(const TempDirectory& directory, int acks, uint64_t seed) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) AppendAndAck(directory, ends[1], seed);
  close(ends[1]);
  uint64_t acked = 0;
  for (int i = 0; i < acks; i++) {
    EXPECT_EQ(read(ends[0], &acked, sizeof(acked)), ssize_t{sizeof(acked)});
  }
  kill(child, SIGKILL);
  // What it still acknowledged between our last read and its death counts too.
  while (read(ends[0], &acked, sizeof(acked)) == sizeof(acked)) {
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
  return acked;
}

TEST(SegmentCrashTest, NoAcknowledgedRecordIsLost) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  TempDirectory directory;
  for (int round = 0; round < 20; round++) {
    const uint64_t acked = RunAndKill(directory, 1 + static_cast<int>(random() % 60), random());
    auto journal = SegmentJournal::Open(In(directory));
    ASSERT_TRUE(journal.ok()) << journal.status();
    ASSERT_GE((*journal)->head().next_sequence, acked + 1);
    uint64_t sequence = 1;
    ASSERT_TRUE((*journal)
                    ->ReadBlocks(0,
                                 [&](const Block& block) {
                                   for (std::string_view record : block.records) {
                                     EXPECT_EQ(record, RecordOf(sequence++));
                                   }
                                   return absl::OkStatus();
                                 })
                    .ok());
    EXPECT_EQ(sequence, (*journal)->head().next_sequence);
  }
}

}  // namespace
}  // namespace waystation::journal
