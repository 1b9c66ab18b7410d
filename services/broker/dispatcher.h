#ifndef WAYSTATION_SERVICES_BROKER_DISPATCHER_H_
#define WAYSTATION_SERVICES_BROKER_DISPATCHER_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "services/broker/block.h"
#include "services/broker/refusal_log.h"
#include "services/broker/store/block_reader.h"
#include "services/broker/store/projection.h"

namespace waystation::broker {

// Tells what is durable: follows each committed block in order, writes the
// projection first (so that who was told can also read), then answers
// publishers, hands deliveries to pull streams and confirms receipts. What can only
// be told from an old record is read here, where it holds up no commit.
//
// Messages that are likely to be delivered soon stay in memory, up to 256 MiB;
// others come from the journal again.
//
// Does not own what it is given.
// Thread-safe: `Put` from the sequencer's thread.
class Dispatcher {
 public:
  // `projected` is set to the last sequence that the projection has followed.
  Dispatcher(Projection& projection, BlockReader& reader, RefusalLog& refusals, std::string bus_id,
             std::atomic<uint64_t>& projected);
  ~Dispatcher();

  // Waits while more than a few blocks are before it.
  void Put(std::unique_ptr<Block> block);
  // Finishes what was put, makes the projection durable and stops.
  void Stop();

 private:
  struct Cached {
    std::shared_ptr<AdmittedMessage> admitted;
    int64_t accept_us = 0;
    int receivers_left = 0;
  };

  void Run();
  std::unique_ptr<Block> Take();
  void Follow(Block& block);
  void Project(const Block& block);
  void Remember(const Block& block);
  void AnswerPublishers(Block& block);
  void AppendOutcome(const Block& block, const PublishOutcome& outcome, std::string* frame);
  void Deliver(const LeaseGrant& grant);
  absl::Status AppendGrant(const Grant& grant, int64_t deadline_us, std::string* frame);
  absl::Status AppendFromJournal(const Grant& grant, int64_t deadline_us, std::string* frame);
  void AnswerReceivers(Block& block);
  // Refuses, on the record, a receipt of who never was to have the message, and one
  // of another envelope.
  absl::Status JudgePastReceipt(const Ack& ack, const std::string& queue);
  void Release(const Block& block);
  void ReleaseOne(uint64_t sequence);

  Projection& projection_;
  BlockReader& reader_;
  RefusalLog& refusals_;
  const std::string bus_id_;
  std::atomic<uint64_t>& projected_;

  // The dispatcher's thread alone.
  absl::flat_hash_map<uint64_t, Cached> cache_;
  size_t cached_bytes_ = 0;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable room_;
  std::deque<std::unique_ptr<Block>> blocks_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_DISPATCHER_H_
