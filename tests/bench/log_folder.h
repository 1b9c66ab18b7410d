#ifndef WAYSTATION_TESTS_BENCH_LOG_FOLDER_H_
#define WAYSTATION_TESTS_BENCH_LOG_FOLDER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/crypto/ed25519.h"
#include "common/journal/segment_journal.h"
#include "common/tlog/note.h"
#include "common/tlog/tile.h"
#include "waystation/journal/v1/record.pb.h"

namespace waystation::bench {

// A broker's folder with a journal of messages and its audit log, as a busy bus would
// leave it, made without a bus. The last record is a checkpoint of all leaves, and the
// log shows it.
//
//   LogFolder folder(dir);
//   folder.Fill(1'000'000);
//
// A failure of its own ends the program. Single-threaded: who fills it.
class LogFolder {
 public:
  explicit LogFolder(const std::string& dir);

  // Once: at least so many records.
  void Fill(uint64_t records);

  // The log to believe, a tlog-policy.
  std::string policy() const;
  // Leaves under the checkpoint that the log shows.
  uint64_t published_size() const { return head_.size(); }

 private:
  journal::v1::Record NextRecord() const;
  void Add(journal::v1::Record record);
  void Push(const journal::v1::Record& record);
  void AddCheckpoint();
  void Commit();
  void Write(const tlog::TileId& id, std::string_view tile);
  void WriteFile(const std::string& name, std::string_view bytes);

  const std::string dir_;
  std::unique_ptr<journal::SegmentJournal> journal_;
  const crypto::Ed25519Key key_;
  const tlog::VerifierKey name_;
  const std::string bus_id_ = std::string(16, 'b');
  tlog::TreeHead head_;
  std::string entries_;
  std::string note_;
  std::vector<std::string> block_;
  journal::v1::Record placed_;
  uint64_t sequence_ = 1;
};

}  // namespace waystation::bench

#endif  // WAYSTATION_TESTS_BENCH_LOG_FOLDER_H_
