#include "services/audit/follower.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/crypto/sha256.h"
#include "common/evidence/message.h"
#include "common/log/log.h"
#include "common/status/status.h"

namespace waystation::audit {
namespace {

using journal::v1::Record;

constexpr size_t kToldMax = 1000;
constexpr int kEventsAtOnce = 256;
constexpr int64_t kCatchUpPatienceUs = int64_t{60} * 1'000'000;

std::string Sha256Of(std::string_view bytes) {
  return std::string(crypto::AsBytes(crypto::Sha256(bytes)));
}

// "waystation.example/cosigner/doj" is the key of agency doj.
std::string IdentityOfCosigner(const std::string& trust_domain, const tlog::PolicyCosigner& one) {
  const std::string& key_name = one.key.name();
  const std::string name = key_name.substr(key_name.rfind('/') + 1);
  return absl::StrCat("spiffe://", trust_domain, name == "auditor" ? "/" : "/agency/", name);
}

}  // namespace

Follower::Follower(Parts parts)
    : parts_(std::move(parts)),
      fold_(parts_.rules),
      log_(parts_.log_policy.log_keys(), parts_.former_log_keys) {}

absl::StatusOr<std::unique_ptr<Follower>> Follower::Create(Parts parts) {
  std::unique_ptr<Follower> follower(new Follower(std::move(parts)));
  WS_RETURN_IF_ERROR(follower->Load());
  return follower;
}

absl::Status Follower::Load() {
  WS_ASSIGN_OR_RETURN(taken_, parts_.store->TakeUpLog(parts_.log_policy.origin()));
  record_taken_us_ = NowUs();
  WS_ASSIGN_OR_RETURN(followed_, parts_.store->LoadFollowed());
  if (!followed_.genesis.empty()) WS_RETURN_IF_ERROR(TakeGenesis(followed_.genesis));
  WS_RETURN_IF_ERROR(parts_.store->LoadFold(&fold_));
  WS_ASSIGN_OR_RETURN(LogPlace place, parts_.store->LoadLog());
  place.bus_id = bus_id_;
  WS_ASSIGN_OR_RETURN(log_, LogCheck::Resume(parts_.log_policy.log_keys(), parts_.former_log_keys,
                                             place, followed_.sequence));
  Publish();
  return absl::OkStatus();
}

int64_t Follower::NowUs() const { return absl::ToUnixMicros(parts_.clock->Now()); }

uint64_t Follower::NextSequence() const { return std::max<uint64_t>(Status().sequence, 1); }

absl::Status Follower::TakeGenesis(const std::string& bytes) {
  Record record;
  if (!record.ParseFromString(bytes) || !record.has_genesis()) {
    return absl::DataLossError(Problem("record 1", "not a genesis record"));
  }
  bus_id_ = record.genesis().bus_id();
  absl::StatusOr<std::shared_ptr<const evidence::DirectoryView>> directory =
      evidence::DirectoryView::Create(record.genesis().directory());
  if (!directory.ok()) return Prefixed("record 1", directory.status());
  directory_ = *std::move(directory);
  return absl::OkStatus();
}

bool Follower::Continues(const Record& record, std::string_view bytes) {
  std::string problem;
  if (record.sequence() == followed_.sequence && followed_.sequence != 0) {
    if (Sha256Of(bytes) == followed_.record_sha256) return true;
    problem = absl::StrCat("record ", record.sequence(), " is another than the one followed");
  } else if (record.sequence() == followed_.sequence + 1 &&
             (followed_.sequence != 0 || record.has_genesis())) {
    return true;
  } else {
    problem = absl::StrCat("record ", record.sequence(), " came after ", followed_.sequence);
  }
  TakeProblem({LogProblem::Kind::kInconsistent, problem}, 0);
  return false;
}

absl::Status Follower::TakeRecords(const std::vector<std::string>& records, bool* fits) {
  Block block;
  *fits = true;
  for (const std::string& bytes : records) {
    Record record;
    if (!record.ParseFromString(bytes)) record.Clear();
    *fits = Continues(record, bytes);
    if (!*fits) break;
    if (record.sequence() == followed_.sequence) continue;
    WS_RETURN_IF_ERROR(TakeRecord(record, bytes, &block));
  }
  WS_RETURN_IF_ERROR(TakeEvents(&block));
  if (block.followed.has_value()) {
    // A journal that is ahead of our clock must not make anything due.
    fold_.OnTime(std::min(followed_.time_us, NowUs()));
  }
  return Keep(std::move(block));
}

absl::Status Follower::TakeRecord(const Record& record, const std::string& bytes, Block* block) {
  if (taken_.catching_up) CompareWithFormer(record, bytes, block);
  record_taken_us_ = NowUs();
  if (record.has_genesis()) {
    WS_RETURN_IF_ERROR(TakeGenesis(bytes));
    followed_.genesis = bytes;
  }
  bus::v1::Header header;
  const bool is_message = record.has_accepted();
  const bool readable = is_message && header.ParseFromString(record.accepted().header()) &&
                        header.recipients_size() > 0;
  if (is_message && !readable) {
    TakeProblem({LogProblem::Kind::kInconsistent,
                 absl::StrCat("record ", record.sequence(), ": header does not parse")},
                record.sequence());
  }
  const bus::v1::Header* message = readable ? &header : nullptr;
  RecordFacts facts{.now_us = NowUs(),
                    .is_incomplete = parts_.store->IsIncomplete(record.time_us())};
  WS_ASSIGN_OR_RETURN(facts.known, Lookup(record, *block));
  fold_.Apply(record, message, facts);
  if (taken_.catching_up && record.epoch_opened().log_origin() == parts_.log_policy.origin()) {
    EndCatchingUp(record.sequence(), block);
  }
  for (const LogProblem& problem : log_.Follow(bytes)) {
    TakeProblem(problem, record.sequence());
  }
  for (const Signed& one : SignaturesOf(record, message, "")) {
    block->signatures.emplace_back(one.certificate_sha256, record.sequence());
  }
  if (message != nullptr) {
    block->messages.emplace_back(
        header.id(), KnownMessage{record.sequence(),
                                  header.source(),
                                  {header.recipients().begin(), header.recipients().end()},
                                  header.referral().referral_id()});
  }
  followed_.sequence = record.sequence();
  followed_.time_us = record.time_us();
  followed_.record_sha256 = Sha256Of(bytes);
  block->followed = followed_;
  return absl::OkStatus();
}

absl::StatusOr<std::optional<KnownMessage>> Follower::Lookup(const Record& record,
                                                             const Block& block) {
  if (!record.has_refused() || !IsContentChanged(record.refused())) return std::nullopt;
  const std::string id = MessageIdIn(record.refused().text());
  for (const auto& [message_id, message] : block.messages) {
    if (message_id == id) return message;
  }
  return parts_.store->FindMessage(id);
}

void Follower::TakeProblem(const LogProblem& problem, uint64_t sequence) {
  // Streams and looks are repeated, and so is what is wrong with them.
  if (told_.size() >= kToldMax) told_.clear();
  if (!told_.insert(problem.text).second) return;
  log::Error("audit", "log_problem", {{"text", problem.text}});
  std::vector<uint64_t> sequences;
  if (sequence != 0) sequences.push_back(sequence);
  if (problem.kind == LogProblem::Kind::kSplit) {
    fold_.OnSplit(problem.text, std::move(sequences), NowUs());
  } else {
    fold_.OnInconsistent(problem.text, std::move(sequences), NowUs());
  }
}

absl::Status Follower::TakeEnd(const absl::Status& why) {
  if (!absl::IsOutOfRange(why)) return absl::OkStatus();
  TakeProblem(
      {LogProblem::Kind::kInconsistent, absl::StrCat("the broker's record ends before ",
                                                     followed_.sequence, ", which was followed")},
      0);
  return Keep({});
}

absl::Status Follower::TakeLog(const absl::StatusOr<v1::GetCheckpointResponse>& log) {
  // There is no record yet to hold it against.
  if (taken_.catching_up) return absl::OkStatus();
  if (log.ok()) {
    TakeShown(*log);
  } else if (absl::IsUnimplemented(log.status()) || absl::IsNotFound(log.status())) {
    fold_.OnNoLog(NowUs());
  }
  return Keep({});
}

void Follower::TakeShown(const v1::GetCheckpointResponse& shown) {
  std::vector<tlog::SignedCheckpoint> notes;
  for (const std::string* note : {&shown.checkpoint(), &shown.cosigned()}) {
    if (note->empty()) continue;
    absl::StatusOr<tlog::SignedCheckpoint> opened = parts_.log_policy.Open(*note);
    if (!opened.ok()) {
      TakeProblem({LogProblem::Kind::kInconsistent,
                   absl::StrCat("a checkpoint that the broker shows does not hold: ",
                                opened.status().message())},
                  0);
      continue;
    }
    if (auto problem = log_.Observe(opened->checkpoint); problem.has_value()) {
      TakeProblem(*problem, 0);
    }
    notes.push_back(*std::move(opened));
  }
  if (notes.empty()) return;
  fold_.OnLogSeen(SeenIn(notes), NowUs());
  absl::StatusOr<tlog::SignedCheckpoint> cosigned =
      parts_.log_policy.OpenCosigned(shown.cosigned());
  if (cosigned.ok()) cosigned_size_ = std::max(cosigned_size_, cosigned->checkpoint.size);
}

LogSeen Follower::SeenIn(const std::vector<tlog::SignedCheckpoint>& notes) const {
  LogSeen seen;
  for (const tlog::SignedCheckpoint& note : notes) {
    seen.size = std::max(seen.size, note.checkpoint.size);
  }
  for (const tlog::PolicyCosigner& cosigner : parts_.log_policy.cosigners()) {
    uint64_t& size = seen.cosigned[IdentityOfCosigner(parts_.trust_domain, cosigner)];
    for (const tlog::SignedCheckpoint& note : notes) {
      for (const tlog::Cosigned& one : parts_.log_policy.CosignersOf(note.note)) {
        if (one.name == cosigner.name) size = std::max(size, note.checkpoint.size);
      }
    }
  }
  return seen;
}

absl::Status CheckConflict(const tlog::Policy& policy, const tlog::Cosigner::Conflict& conflict) {
  auto unproven = [](std::string_view problem, std::string_view got, std::string_view want) {
    return Refusal(absl::StatusCode::kInvalidArgument, "CONFLICT_UNPROVEN",
                   Problem("conflict", problem, got, want));
  };
  absl::StatusOr<tlog::SignedCheckpoint> kept = policy.Open(conflict.kept);
  if (!kept.ok())
    return unproven("kept is not the log's", Std(kept.status().message()), "its note");
  absl::StatusOr<tlog::SignedCheckpoint> other = policy.Open(conflict.other);
  if (!other.ok()) {
    return unproven("other is not the log's", Std(other.status().message()), "its note");
  }
  if (kept->checkpoint != other->checkpoint) return absl::OkStatus();
  return unproven("both say the same", absl::StrCat("size ", kept->checkpoint.size),
                  "two histories");
}

absl::Status Follower::TakeConflict(const tlog::Cosigner::Conflict& conflict,
                                    const std::string& reporter) {
  WS_ASSIGN_OR_RETURN(tlog::SignedCheckpoint kept, parts_.log_policy.Open(conflict.kept));
  WS_ASSIGN_OR_RETURN(tlog::SignedCheckpoint other, parts_.log_policy.Open(conflict.other));
  const bool same_size = kept.checkpoint.size == other.checkpoint.size;
  bool split = reporter == parts_.identity || (same_size && kept.checkpoint != other.checkpoint);
  // Of two sizes nobody can say by the notes alone that neither extends the other, so
  // each is held against the record: two honest notes accuse nobody.
  for (const tlog::Checkpoint* one : {&kept.checkpoint, &other.checkpoint}) {
    split |= log_.Observe(*one).has_value();
  }
  if (!split) {
    log::Warning("audit", "conflict_unproven", {{"reporter", reporter}});
    return Keep({});
  }
  std::string text =
      absl::StrCat(reporter, " was shown two checkpoints of which none extends the other");
  for (const tlog::Checkpoint* one : {&kept.checkpoint, &other.checkpoint}) {
    absl::StrAppend(&text, "; size ", one->size, " root ", crypto::Hex(crypto::AsBytes(one->root)));
  }
  TakeProblem({LogProblem::Kind::kSplit, text}, 0);
  return Keep({});
}

absl::Status Follower::Tick() {
  if (taken_.catching_up) {
    // Else a broker that never names our log would never be judged.
    if (NowUs() - record_taken_us_ < kCatchUpPatienceUs) return absl::OkStatus();
    TakeProblem({LogProblem::Kind::kInconsistent,
                 absl::StrCat("the record has no epoch of log ", parts_.log_policy.origin())},
                0);
    return Keep({});
  }
  WS_RETURN_IF_ERROR(JudgeCertificates());
  Block block;
  WS_RETURN_IF_ERROR(TakeEvents(&block));
  fold_.OnTime(NowUs());
  return Keep(std::move(block));
}

absl::Status Follower::TakeEvents(Block* block) {
  if (taken_.catching_up) return absl::OkStatus();
  WS_ASSIGN_OR_RETURN(std::vector<WaitingEvent> events, parts_.store->WaitingEvents(kEventsAtOnce));
  for (WaitingEvent& one : events) {
    if (one.event.has_procedure()) {
      const v1::ProcedureStanding& said = one.event.procedure();
      block->procedures.push_back({0, said.referral_id(), said.procedure()});
    } else {
      fold_.OnEvent(one.event, one.place);
    }
    block->events_taken = one.position;
  }
  return absl::OkStatus();
}

absl::Status Follower::JudgeCertificates() {
  const uint64_t generation = parts_.trust->generation();
  const size_t count = fold_.certificates().size();
  if (generation == judged_generation_ && count == judged_certificates_) return absl::OkStatus();
  std::vector<std::string> revoked;
  for (const auto& [certificate, row] : fold_.certificates()) {
    if (!row.revoked() && IsRevoked(certificate, row.signer())) revoked.push_back(certificate);
  }
  for (const std::string& certificate : revoked) {
    WS_ASSIGN_OR_RETURN(auto signatures, parts_.store->SignedBy(certificate));
    fold_.OnRevoked(certificate, std::move(signatures.first), signatures.second, NowUs());
  }
  judged_generation_ = generation;
  judged_certificates_ = count;
  return absl::OkStatus();
}

bool Follower::IsRevoked(const std::string& certificate_sha256, const std::string& signer) const {
  std::optional<crypto::Digest> digest = crypto::DigestFrom(certificate_sha256);
  if (!digest.has_value() || directory_ == nullptr) return false;
  const crypto::Certificate* certificate = directory_->FindSigning(signer, *digest);
  if (certificate == nullptr) return false;
  const crypto::TrustVerdict verdict =
      parts_.trust->Current().Check(*certificate, {}, crypto::KeyUse::kSign, parts_.clock->Now());
  return verdict.problem == crypto::TrustProblem::kRevoked;
}

void Follower::CompareWithFormer(const Record& record, std::string_view bytes, Block* block) {
  const bool followed_before = taken_.former_sequence != 0;
  if (record.has_genesis() && followed_before && bytes != taken_.former_genesis) {
    TakeProblem({LogProblem::Kind::kInconsistent, "record 1 is another than the one followed"}, 1);
  }
  // What follows is new.
  if (record.sequence() == taken_.former_sequence + 1) TakeFold(block);
}

void Follower::EndCatchingUp(uint64_t sequence, Block* block) {
  TakeFold(block);
  taken_.catching_up = false;
  block->log_begun = sequence;
}

void Follower::TakeFold(Block* block) {
  FoldChanges changes = fold_.TakeChanges();
  std::move(changes.rows.begin(), changes.rows.end(), std::back_inserter(block->fold.rows));
  const bool again = taken_.catching_up && followed_.sequence <= taken_.former_sequence;
  // A problem of the log itself is new whenever it is found.
  std::erase_if(changes.findings, [again](const FindingChange& change) {
    return again && change.rule != Rule::kLogInconsistent && change.rule != Rule::kLogSplit;
  });
  std::move(changes.findings.begin(), changes.findings.end(),
            std::back_inserter(block->fold.findings));
}

absl::Status Follower::Keep(Block block) {
  TakeFold(&block);
  block.log = log_.TakeChanges();
  for (const FindingChange& change : block.fold.findings) {
    log::Info("audit", change.kind == FindingChange::Kind::kRaise ? "finding" : "finding_ended",
              {{"id", FindingId(change.rule, change.subject)}, {"rule", RuleName(change.rule)}});
  }
  const bool idle = !block.followed.has_value() && block.events_taken == 0 &&
                    block.fold.rows.empty() && block.fold.findings.empty();
  if (!idle) WS_RETURN_IF_ERROR(parts_.store->Keep(block));
  Publish();
  return absl::OkStatus();
}

void Follower::Publish() {
  std::lock_guard<std::mutex> lock(mutex_);
  status_ = {bus_id_, followed_.sequence, followed_.time_us, log_.verified_size(), cosigned_size_};
}

FollowStatus Follower::Status() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return status_;
}

}  // namespace waystation::audit
