#include "common/log_follower/test_log.h"

#include <utility>

#include "common/crypto/sha256.h"
#include "common/evidence/log_leaf.h"
#include "common/status/status.h"

namespace waystation {
namespace {

template <typename T>
T Must(absl::StatusOr<T> result) {
  if (!result.ok()) Fatal(Std(result.status().message()));
  return *std::move(result);
}

}  // namespace

crypto::Ed25519Key TestLogKey(char byte) {
  return Must(crypto::Ed25519Key::FromSeed(std::string(32, byte)));
}

TestLog::TestLog(absl::Time begin, const bus::v1::Directory& directory)
    : begin_us_(absl::ToUnixMicros(begin)),
      bus_id_(16, 'b'),
      log_key_(TestLogKey('l')),
      log_name_(Must(tlog::VerifierKey::Create("waystation.example/log/1", tlog::KeyType::kEd25519,
                                               log_key_.public_key()))) {
  journal::v1::Record record;
  record.mutable_genesis()->set_bus_id(bus_id_);
  record.mutable_genesis()->set_format_level(2);
  if (directory.version() > 0) *record.mutable_genesis()->mutable_directory() = directory;
  Add(std::move(record));
}

journal::v1::Record TestLog::Add(journal::v1::Record record) {
  // Not random, so that a failure comes back; no test guesses a record.
  const crypto::Digest salt = crypto::Sha256(absl::StrCat("salt ", records_.size()));
  record.set_salt(std::string(crypto::AsBytes(salt).substr(0, evidence::kLogSaltBytes)));
  record.set_log_index(tree_.size());
  Push(record);
  const std::string& bytes = records_.back();
  journal::v1::Record parsed;
  WS_CHECK(parsed.ParseFromString(bytes));
  leaves_.push_back(Must(evidence::LogLeafOf(parsed, bytes, bus_id_)));
  tree_.Append(merkle::LeafHash(leaves_.back()), [](const tlog::TileId&, std::string_view) {});
  return parsed;
}

void TestLog::AddEpoch(const std::string& log_origin) {
  journal::v1::Record record;
  record.mutable_epoch_opened()->set_epoch(1);
  record.mutable_epoch_opened()->set_log_origin(log_origin);
  Add(std::move(record));
}

void TestLog::AddRefused() {
  journal::v1::Record record;
  record.mutable_refused()->set_reason("POLICY_DENIED");
  record.mutable_refused()->set_count(1);
  Add(std::move(record));
}

void TestLog::AddCheckpointOf(uint64_t size, const merkle::Digest& root,
                              const crypto::Ed25519Key& key, const tlog::VerifierKey& name) {
  tlog::Note note;
  note.text = tlog::Checkpoint{.origin = name.name(), .size = size, .root = root}.ToText();
  note.signatures.push_back(Must(tlog::SignNote(name, key, note.text)));
  note_ = note.ToBytes();
  journal::v1::Record record;
  journal::v1::CheckpointSigned& signed_checkpoint = *record.mutable_checkpoint_signed();
  signed_checkpoint.set_tree_size(size);
  signed_checkpoint.set_root_hash(std::string(crypto::AsBytes(root)));
  signed_checkpoint.set_note(note_);
  Push(record);
}

void TestLog::Push(const journal::v1::Record& record) {
  journal::v1::Record placed = record;
  placed.set_sequence(records_.size() + 1);
  placed.set_time_us(begin_us_ + static_cast<int64_t>(records_.size()));
  records_.push_back(placed.SerializeAsString());
}

}  // namespace waystation
