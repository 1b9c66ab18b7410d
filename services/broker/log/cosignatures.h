#ifndef WAYSTATION_SERVICES_BROKER_LOG_COSIGNATURES_H_
#define WAYSTATION_SERVICES_BROKER_LOG_COSIGNATURES_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/tlog/checkpoint.h"
#include "common/tlog/policy.h"
#include "services/broker/log/log_tree.h"

namespace waystation::broker {

// Gathers cosignatures for published checkpoints: asks each cosigner that has a
// stream, one checkpoint at a time, and knows the newest that a quorum has cosigned.
// Publishing never waits for any of it.
//
// The newest 64 checkpoints are kept, so that slow cosigners still make a quorum.
// Does not own the tree.
// Thread-safe.
class Cosignatures {
 public:
  // One cosigner's stream. `ask` gets the body of an add-checkpoint request; it must
  // not block and not call back.
  struct Session {
    std::function<void(std::string body)> ask;

   private:
    friend class Cosignatures;
    std::string cosigner;       // The policy's name.
    uint64_t known_size = 0;    // What it cosigned last, as far as we know.
    uint64_t asked_size = 0;    // 0: nothing is asked.
    uint64_t refused_size = 0;  // It refused this one; it is not asked again.
  };
  // Called for each newer cosigned checkpoint, in order. Must not block.
  using OnCosigned = std::function<void(const std::string& note)>;

  Cosignatures(tlog::Policy policy, const LogTree& tree, OnCosigned on_cosigned)
      : policy_(std::move(policy)), tree_(tree), on_cosigned_(std::move(on_cosigned)) {}

  // Takes a checkpoint that is on the record, larger than all before, and asks for
  // its cosignatures. Errors: of tlog::OpenCheckpoint.
  absl::Status Publish(const std::string& note);

  // The newest checkpoint with its cosignatures so far; empty when there is none.
  std::string Newest() const;
  // The newest that a quorum has cosigned; empty when there is none.
  std::string Cosigned() const;
  // Size of the newest checkpoint.
  uint64_t published_size() const;

  // Begins to ask. Errors: INVALID_ARGUMENT (UNKNOWN_COSIGNER).
  absl::StatusOr<std::shared_ptr<Session>> Open(std::string_view verifier_key, uint64_t size,
                                                std::function<void(std::string body)> ask);
  // Takes an answer and asks for the next. Errors: INVALID_ARGUMENT
  // (COSIGN_PROTOCOL); UNAUTHENTICATED (SIGNATURE_INVALID).
  absl::Status Answer(Session& session, uint32_t code, std::string_view body);
  void Close(const std::shared_ptr<Session>& session);

 private:
  struct Published {
    tlog::SignedCheckpoint checkpoint;
    std::vector<tlog::Cosigned> cosigned;  // Each cosigner once.
  };

  Published* Find(uint64_t size) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool HasSigned(const Published& published, const Session& session) const;
  void AskNext(Session& session) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Take(Session& session, Published& published, std::string_view lines)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const tlog::Policy policy_;
  const LogTree& tree_;
  const OnCosigned on_cosigned_;
  mutable std::mutex mutex_;
  std::deque<Published> published_ ABSL_GUARDED_BY(mutex_);  // By size.
  std::string cosigned_ ABSL_GUARDED_BY(mutex_);
  uint64_t cosigned_size_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::shared_ptr<Session>> sessions_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_LOG_COSIGNATURES_H_
