#ifndef WAYSTATION_COMMON_LOG_FOLLOWER_TEST_LOG_H_
#define WAYSTATION_COMMON_LOG_FOLLOWER_TEST_LOG_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "common/crypto/ed25519.h"
#include "common/tlog/checkpoint.h"
#include "common/tlog/note.h"
#include "common/tlog/tile.h"
#include "waystation/bus/v1/directory.pb.h"
#include "waystation/journal/v1/record.pb.h"

namespace waystation {

// A journal with its audit log as a broker writes them, record by record, for
// tests of readers. The first record is the genesis. A failure of its own ends the
// test program.
//
//   TestLog log;
//   log.AddRefused();
//   log.AddCheckpoint();
//
// Single-threaded: the test.
class TestLog {
 public:
  // Journal time begins at `begin` and grows by a microsecond with each record. An
  // empty directory is left out of the genesis.
  explicit TestLog(absl::Time begin = absl::FromUnixSeconds(1'000'000'000),
                   const bus::v1::Directory& directory = {});

  // Completes a record with sequence, time, salt and log index, adds it and returns
  // it as it stands in the journal.
  journal::v1::Record Add(journal::v1::Record record);
  // An epoch under the log of that origin; empty: none is named.
  void AddEpoch(const std::string& log_origin);
  // A record of the smallest kind.
  void AddRefused();
  // A checkpoint of all leaves.
  void AddCheckpoint() { AddCheckpointOf(tree_.size(), tree_.Root(), log_key_); }
  // A checkpoint that says what the caller wants.
  void AddCheckpointOf(uint64_t size, const merkle::Digest& root, const crypto::Ed25519Key& key) {
    AddCheckpointOf(size, root, key, log_name_);
  }
  void AddCheckpointOf(uint64_t size, const merkle::Digest& root, const crypto::Ed25519Key& key,
                       const tlog::VerifierKey& name);

  const std::vector<std::string>& records() const { return records_; }
  const std::vector<std::string>& leaves() const { return leaves_; }
  const tlog::TreeHead& tree() const { return tree_; }
  const std::string& bus_id() const { return bus_id_; }
  // The note of the last checkpoint.
  const std::string& note() const { return note_; }
  const tlog::VerifierKey& log_name() const { return log_name_; }
  const crypto::Ed25519Key& log_key() const { return log_key_; }

 private:
  void Push(const journal::v1::Record& record);

  int64_t begin_us_;
  std::string bus_id_;
  crypto::Ed25519Key log_key_;
  tlog::VerifierKey log_name_;
  std::vector<std::string> records_;
  std::vector<std::string> leaves_;
  tlog::TreeHead tree_;
  std::string note_;
};

// The Ed25519 key of a seed of 32 times `byte`.
crypto::Ed25519Key TestLogKey(char byte);

}  // namespace waystation

#endif  // WAYSTATION_COMMON_LOG_FOLLOWER_TEST_LOG_H_
