#ifndef WAYSTATION_SERVICES_BROKER_SEQUENCER_H_
#define WAYSTATION_SERVICES_BROKER_SEQUENCER_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "common/clock/clock.h"
#include "common/evidence/signer.h"
#include "common/journal/journal.h"
#include "services/broker/block.h"
#include "services/broker/commands.h"
#include "services/broker/commit/handlers.h"
#include "services/broker/core/state.h"
#include "services/broker/refusal_log.h"
#include "services/broker/salts.h"
#include "services/broker/store/projection.h"

namespace waystation::broker {

// The one writer. A thread takes the commands that wait, decides them on its
// own state, and appends all that came of it as one block with one sync; what
// arrives meanwhile is the next block. A block goes on to `committed` only when
// it is durable; nobody is told anything before.
//
// A failed append ends the process: going on would mean to guess.
//
// Does not own what the options point at.
// Thread-safe: `Post` from any thread; all else inside runs on its own thread.
class Sequencer {
 public:
  struct Options {
    journal::Journal* journal = nullptr;
    const Projection* projection = nullptr;
    const evidence::Signer* signer = nullptr;
    RefusalLog* refusals = nullptr;
    const Clock* clock = nullptr;
    std::string broker_identity;
    std::string log_origin;  // Of the audit log that this broker signs.
    // The projection has followed up to here: older ids need not be kept.
    const std::atomic<uint64_t>* projected = nullptr;
    // Takes blocks in order; may block, which holds the sequencer back.
    std::function<void(std::unique_ptr<Block>)> committed;
    // A snapshot goes with the first block after so many records; 0: with each block.
    uint64_t snapshot_records = 0;
  };

  // Starts with a state that has followed the whole journal; opens the next
  // epoch on the record. Errors: the journal's.
  static absl::StatusOr<std::unique_ptr<Sequencer>> Start(Options options, State state);
  ~Sequencer();

  // False when the sequencer has stopped; the command is then dropped, which
  // for a message means "unknown": the sender asks again.
  bool Post(Command command);

  // Finishes what was posted, writes a last snapshot and stops.
  void Stop();

  uint64_t epoch() const { return epoch_; }
  uint64_t last_sequence() const { return last_sequence_.load(std::memory_order_acquire); }
  // True while time-driven records are halted because the wall clock stepped.
  bool clock_halted() const { return clock_halted_.load(std::memory_order_relaxed); }

 private:
  Sequencer(Options options, State state);

  void Run();
  std::deque<Command> TakeCommands();
  absl::Duration IdleTime() const;
  int64_t JournalTime();
  // Handles commands until the block is full; what is left stays in `commands`.
  void Fill(Block& block, std::deque<Command>& commands);
  void Commit(std::unique_ptr<Block> block);
  void Finish(Block& block);

  const State& state() const { return handlers_.state(); }

  const Options options_;
  Handlers handlers_;
  Salts salts_;
  uint64_t epoch_ = 0;
  uint64_t snapshot_at_ = 0;
  int64_t last_block_us_ = 0;
  bool lease_on_ = false;      // The last block was full before all leases were in it.
  absl::Duration clock_base_;  // Wall minus monotonic at the start.

  std::atomic<uint64_t> last_sequence_ = 0;
  std::atomic<bool> clock_halted_ = false;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Command> commands_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_SEQUENCER_H_
