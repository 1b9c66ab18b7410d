#include "tests/bench/log_folder.h"

#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/crypto/random.h"
#include "common/evidence/log_leaf.h"
#include "common/log_follower/test_log.h"
#include "common/status/status.h"
#include "common/tlog/checkpoint.h"
#include "tests/bench/must.h"
#include "waystation/bus/v1/message.pb.h"

namespace waystation::bench {
namespace {

using journal::v1::Record;

constexpr size_t kRecordsPerBlock = 256;
constexpr int kBlocksPerCheckpoint = 16;

}  // namespace

LogFolder::LogFolder(const std::string& dir)
    : dir_(dir),
      journal_(Must(journal::SegmentJournal::Open({.directory = dir + "/journal"}))),
      key_(TestLogKey('l')),
      name_(Must(tlog::VerifierKey::Create("waystation.example/log/1", tlog::KeyType::kEd25519,
                                           key_.public_key()))) {}

void LogFolder::Fill(uint64_t records) {
  Record genesis;
  genesis.mutable_genesis()->set_bus_id(bus_id_);
  Add(genesis);
  for (int block = 1; sequence_ <= records; ++block) {
    while (block_.size() < kRecordsPerBlock && sequence_ <= records) Add(NextRecord());
    if (block % kBlocksPerCheckpoint == 0 || sequence_ > records) AddCheckpoint();
    Commit();
  }
  head_.ForEachPartial([&](const tlog::TileId& id, std::string_view tile) { Write(id, tile); });
  WriteFile("checkpoint", note_);
}

std::string LogFolder::policy() const {
  return absl::StrCat("log ", name_.ToString(), "\nquorum none\n");
}

// Three kinds that a message makes: accepted, leased, delivered.
Record LogFolder::NextRecord() const {
  Record record;
  if (sequence_ % 3 == 0) {
    bus::v1::Header header;
    header.set_id("019a0000-0000-7000-8000-000000000000");
    header.set_source("spiffe://waystation.example/agency/doj");
    header.set_type("waystation.case.v1");
    header.add_recipients("spiffe://waystation.example/agency/ins");
    header.set_payload_sha256(crypto::RandomString(32));
    header.mutable_referral()->set_referral_id(crypto::RandomString(16));
    record.mutable_accepted()->set_header(header.SerializeAsString());
    record.mutable_accepted()->set_signature(crypto::RandomString(110));
    record.mutable_accepted()->set_envelope_hash(crypto::RandomString(32));
    record.mutable_accepted()->set_certificate_sha256(crypto::RandomString(32));
  } else if (sequence_ % 3 == 1) {
    record.mutable_leased()->set_queue("spiffe://waystation.example/agency/ins");
    record.mutable_leased()->add_sequences(sequence_ - 1);
  } else {
    record.mutable_delivered()->set_queue("spiffe://waystation.example/agency/ins");
    record.mutable_delivered()->set_statement(crypto::RandomString(90));
    record.mutable_delivered()->set_signature(crypto::RandomString(71));
    record.mutable_delivered()->add_receipts(crypto::RandomString(140));
    record.mutable_delivered()->add_sequences(sequence_ - 2);
  }
  return record;
}

void LogFolder::Add(Record record) {
  record.set_salt(crypto::RandomString(evidence::kLogSaltBytes));
  record.set_log_index(head_.size());
  Push(record);
  const std::string leaf = Must(evidence::LogLeafOf(placed_, block_.back(), bus_id_));
  entries_ += std::string{static_cast<char>(leaf.size() >> 8), static_cast<char>(leaf.size())};
  entries_ += leaf;
  head_.Append(merkle::LeafHash(leaf),
               [&](const tlog::TileId& id, std::string_view tile) { Write(id, tile); });
  if (head_.size() % tlog::kTileWidth != 0) return;
  Write({.level = tlog::TileId::kEntries, .index = head_.size() / tlog::kTileWidth - 1}, entries_);
  entries_.clear();
}

void LogFolder::Push(const Record& record) {
  placed_ = record;
  placed_.set_sequence(sequence_++);
  placed_.set_time_us(1'700'000'000'000'000 + static_cast<int64_t>(sequence_));
  block_.push_back(placed_.SerializeAsString());
}

void LogFolder::AddCheckpoint() {
  const merkle::Digest root = head_.Root();
  tlog::Note note;
  note.text = tlog::Checkpoint{.origin = name_.name(), .size = head_.size(), .root = root}.ToText();
  note.signatures.push_back(Must(tlog::SignNote(name_, key_, note.text)));
  note_ = note.ToBytes();
  Record record;
  record.mutable_checkpoint_signed()->set_tree_size(head_.size());
  record.mutable_checkpoint_signed()->set_root_hash(std::string(crypto::AsBytes(root)));
  record.mutable_checkpoint_signed()->set_note(note_);
  Push(record);
}

void LogFolder::Commit() {
  const std::vector<std::string_view> views(block_.begin(), block_.end());
  const auto outcome = journal_->Append({.expected_sequence = journal_->head().next_sequence,
                                         .epoch = 1,
                                         .time = absl::FromUnixMicros(placed_.time_us()),
                                         .records = views});
  Must(outcome.status);
  block_.clear();
}

void LogFolder::Write(const tlog::TileId& id, std::string_view tile) {
  WriteFile(id.ToPath(), tile);
}

void LogFolder::WriteFile(const std::string& name, std::string_view bytes) {
  const std::string path = absl::StrCat(dir_, "/audit-log/", name);
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream file(path, std::ios::binary);
  file << bytes;
  if (!file.flush()) Fatal(absl::StrCat(path, ": not written"));
}

}  // namespace waystation::bench
