#include "common/tlog/cosigner.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "common/tlog/proof.h"

namespace waystation::tlog {
namespace {

AddCheckpointReply Refused(int code, const absl::Status& why) {
  return {.code = code, .body = absl::StrCat(why.message(), "\n")};
}

}  // namespace

std::string AddCheckpoint::ToBody() const {
  return absl::StrCat("old ", old_size, "\n", HashLines(proof), "\n", checkpoint);
}

absl::StatusOr<AddCheckpoint> AddCheckpoint::FromBody(std::string_view body) {
  AddCheckpoint request;
  constexpr std::string_view kOld = "old ";
  const size_t end = body.find('\n');
  const std::string_view line = body.substr(0, end);
  const std::string_view digits = line.starts_with(kOld) ? line.substr(kOld.size()) : "";
  if (end == std::string_view::npos || !absl::SimpleAtoi(Absl(digits), &request.old_size) ||
      absl::StrCat(request.old_size) != digits) {
    return absl::InvalidArgumentError(
        Problem("add-checkpoint", "malformed first line", Quoted(line), "old <size>"));
  }
  body.remove_prefix(end + 1);
  WS_ASSIGN_OR_RETURN(request.proof, TakeHashLines(&body));
  request.checkpoint = body;
  return request;
}

Cosigner::Cosigner(VerifierKey name, crypto::Ed25519Key key, std::vector<VerifierKey> log_keys,
                   CosignerStore& store, const Clock& clock, OnConflict on_conflict)
    : name_(std::move(name)),
      key_(std::move(key)),
      log_keys_(std::move(log_keys)),
      store_(store),
      clock_(clock),
      on_conflict_(std::move(on_conflict)) {}

AddCheckpointReply Cosigner::Add(std::string_view body) {
  absl::StatusOr<AddCheckpoint> request = AddCheckpoint::FromBody(body);
  if (!request.ok()) return Refused(400, request.status());
  absl::StatusOr<Note> note = Note::Parse(request->checkpoint);
  if (!note.ok()) return Refused(400, note.status());
  absl::StatusOr<Checkpoint> claimed = Checkpoint::FromText(note->text);
  if (!claimed.ok()) return Refused(400, claimed.status());
  if (claimed->origin != log_keys_.front().name()) {
    return Refused(
        404, absl::NotFoundError(Problem("checkpoint", "unknown origin", Quoted(claimed->origin),
                                         log_keys_.front().name())));
  }
  absl::StatusOr<SignedCheckpoint> offered = OpenCheckpoint(request->checkpoint, log_keys_);
  if (!offered.ok()) return Refused(403, offered.status());
  if (request->old_size > offered->checkpoint.size) {
    return Refused(400, absl::InvalidArgumentError(Problem("add-checkpoint",
                                                           "old size is above the checkpoint's",
                                                           absl::StrCat(request->old_size))));
  }
  std::lock_guard<std::mutex> lock(mutex_);
  return Judge(*request, *offered);
}

AddCheckpointReply Cosigner::Judge(const AddCheckpoint& request, const SignedCheckpoint& offered) {
  absl::StatusOr<std::optional<std::string>> kept = store_.Latest();
  if (!kept.ok()) return Refused(500, kept.status());
  Checkpoint last{.origin = offered.checkpoint.origin, .size = 0, .root = merkle::EmptyRoot()};
  if (kept->has_value()) {
    absl::StatusOr<SignedCheckpoint> opened = OpenCheckpoint(**kept, log_keys_);
    // What it kept itself and cannot read any more: no guess is safe.
    if (!opened.ok()) return Refused(500, opened.status());
    last = opened->checkpoint;
  }
  if (request.old_size != last.size) return {.code = 409, .body = absl::StrCat(last.size, "\n")};
  absl::Status extends = merkle::VerifyConsistency(last.size, last.root, offered.checkpoint.size,
                                                   offered.checkpoint.root, request.proof);
  if (extends.ok()) return SignAndKeep(offered);
  if (on_conflict_ != nullptr && kept->has_value()) {
    on_conflict_({.kept = **kept, .other = request.checkpoint});
  }
  return Refused(422, extends);
}

AddCheckpointReply Cosigner::SignAndKeep(const SignedCheckpoint& offered) {
  absl::StatusOr<NoteSignature> cosignature = Cosign(name_, key_, offered.note.text, clock_.Now());
  if (!cosignature.ok()) return Refused(500, cosignature.status());
  Note kept = offered.note;
  kept.signatures.push_back(*cosignature);
  absl::Status keeping = store_.Keep(kept.ToBytes());
  if (!keeping.ok()) return Refused(500, keeping);
  return {.code = 200, .body = cosignature->ToLine()};
}

}  // namespace waystation::tlog
