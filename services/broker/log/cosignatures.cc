#include "services/broker/log/cosignatures.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/status/status.h"
#include "common/tlog/cosigner.h"

namespace waystation::broker {
namespace {

constexpr size_t kPublishedMax = 64;

// Codes of tlog-witness.
constexpr uint32_t kCosigned = 200;
constexpr uint32_t kConflict = 409;

absl::Status Protocol(std::string_view problem, std::string_view got, std::string_view want) {
  return Refusal(absl::StatusCode::kInvalidArgument, "COSIGN_PROTOCOL",
                 Problem("cosigner's answer", problem, got, want));
}

// "<size>\n" of a conflict.
std::optional<uint64_t> SizeFrom(std::string_view body) {
  uint64_t size = 0;
  if (body.empty() || body.back() != '\n') return std::nullopt;
  body.remove_suffix(1);
  if (!absl::SimpleAtoi(Absl(body), &size) || absl::StrCat(size) != body) return std::nullopt;
  return size;
}

}  // namespace

absl::Status Cosignatures::Publish(const std::string& note) {
  WS_ASSIGN_OR_RETURN(tlog::SignedCheckpoint checkpoint, policy_.Open(note));
  std::lock_guard<std::mutex> lock(mutex_);
  published_.push_back({.checkpoint = std::move(checkpoint), .cosigned = {}});
  if (published_.size() > kPublishedMax) published_.pop_front();
  for (const auto& session : sessions_) AskNext(*session);
  return absl::OkStatus();
}

std::string Cosignatures::Newest() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return published_.empty() ? "" : published_.back().checkpoint.note.ToBytes();
}

std::string Cosignatures::Cosigned() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return cosigned_;
}

uint64_t Cosignatures::published_size() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return published_.empty() ? 0 : published_.back().checkpoint.checkpoint.size;
}

absl::StatusOr<std::shared_ptr<Cosignatures::Session>> Cosignatures::Open(
    std::string_view verifier_key, uint64_t size, std::function<void(std::string body)> ask) {
  auto known = std::find_if(
      policy_.cosigners().begin(), policy_.cosigners().end(),
      [&](const tlog::PolicyCosigner& one) { return one.key.ToString() == verifier_key; });
  if (known == policy_.cosigners().end()) {
    return Refusal(absl::StatusCode::kInvalidArgument, "UNKNOWN_COSIGNER",
                   Problem("cosigner", "not in the log's policy", Quoted(verifier_key),
                           "a verifier key that it names"));
  }
  auto session = std::make_shared<Session>();
  session->ask = std::move(ask);
  session->cosigner = known->name;
  session->known_size = size;
  std::lock_guard<std::mutex> lock(mutex_);
  sessions_.push_back(session);
  AskNext(*session);
  return session;
}

void Cosignatures::Close(const std::shared_ptr<Session>& session) {
  std::lock_guard<std::mutex> lock(mutex_);
  std::erase(sessions_, session);
}

Cosignatures::Published* Cosignatures::Find(uint64_t size) {
  for (Published& one : published_) {
    if (one.checkpoint.checkpoint.size == size) return &one;
  }
  return nullptr;
}

bool Cosignatures::HasSigned(const Published& published, const Session& session) const {
  return std::any_of(published.cosigned.begin(), published.cosigned.end(),
                     [&](const tlog::Cosigned& one) { return one.name == session.cosigner; });
}

void Cosignatures::AskNext(Session& session) {
  if (session.asked_size != 0 || published_.empty()) return;
  const Published& newest = published_.back();
  const uint64_t size = newest.checkpoint.checkpoint.size;
  if (session.refused_size == size || HasSigned(newest, session)) return;
  // A cosigner that has seen more than there is: a conflict, which its answer to an
  // honest question shows.
  const uint64_t old_size = std::min(session.known_size, size);
  absl::StatusOr<std::string> proof = tree_.ConsistencyProof(old_size, size);
  if (!proof.ok()) {
    log::Error("broker", "consistency_proof", {{"status", proof.status().ToString()}});
    return;
  }
  session.asked_size = size;
  session.ask(tlog::AddCheckpoint{.old_size = old_size,
                                  .proof = *std::move(proof),
                                  .checkpoint = newest.checkpoint.note.ToBytes()}
                  .ToBody());
}

absl::Status Cosignatures::Answer(Session& session, uint32_t code, std::string_view body) {
  std::lock_guard<std::mutex> lock(mutex_);
  const uint64_t asked = std::exchange(session.asked_size, 0);
  if (asked == 0) return Protocol("nothing was asked", absl::StrCat("code ", code), "no answer");
  if (code == kCosigned) {
    // One that was dropped meanwhile is worth nothing any more.
    if (Published* published = Find(asked)) {
      WS_RETURN_IF_ERROR(Take(session, *published, body));
    }
    session.known_size = asked;
  } else if (std::optional<uint64_t> size = SizeFrom(body); code == kConflict && size.has_value()) {
    // Once: one that names the size that it was asked from would be asked for ever.
    if (*size == session.known_size || *size > asked) session.refused_size = asked;
    session.known_size = *size;
  } else {
    session.refused_size = asked;
  }
  if (session.refused_size == asked) {
    log::Warning("broker", "checkpoint_not_cosigned",
                 {{"cosigner", session.cosigner},
                  {"size", asked},
                  {"code", code},
                  {"cosigner_size", session.known_size}});
  }
  AskNext(session);
  return absl::OkStatus();
}

absl::Status Cosignatures::Take(Session& session, Published& published, std::string_view lines) {
  absl::StatusOr<std::vector<tlog::NoteSignature>> parsed = tlog::ParseSignatureLines(lines);
  if (!parsed.ok())
    return Protocol("malformed", Std(parsed.status().message()), "cosignature lines");
  tlog::Note& note = published.checkpoint.note;
  for (tlog::NoteSignature& line : *parsed) {
    const auto verified = policy_.CosignersOf({.text = note.text, .signatures = {line}});
    if (verified.empty() || verified[0].name != session.cosigner) continue;
    if (HasSigned(published, session)) return absl::OkStatus();
    note.signatures.push_back(std::move(line));
    published.cosigned.push_back(verified[0]);
    const uint64_t size = published.checkpoint.checkpoint.size;
    if (size > cosigned_size_ && policy_.IsQuorum(published.cosigned)) {
      cosigned_size_ = size;
      cosigned_ = note.ToBytes();
      on_cosigned_(cosigned_);
    } else if (size == cosigned_size_) {
      cosigned_ = note.ToBytes();  // One more than the quorum.
    }
    return absl::OkStatus();
  }
  return Refusal(absl::StatusCode::kUnauthenticated, "SIGNATURE_INVALID",
                 Problem("cosignature", "does not verify",
                         absl::StrCat(parsed->size(), " lines, none by the session's key"),
                         "one by " + Quoted(session.cosigner)));
}

}  // namespace waystation::broker
