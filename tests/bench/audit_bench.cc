#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/clock/clock.h"
#include "common/crypto/random.h"
#include "common/evidence/log_leaf.h"
#include "common/journal/segment_journal.h"
#include "common/log_follower/test_log.h"
#include "common/status/status.h"
#include "common/tlog/policy.h"
#include "common/tlog/tile.h"
#include "tools/waystation/audit/log_check.h"
#include "tools/waystation/audit/record_source.h"
#include "waystation/bus/v1/message.pb.h"
#include "waystation/journal/v1/record.pb.h"

// Records a second that `waystation audit verify` holds against their log: block
// chain, tree, checkpoints and the log's files, on a journal of messages as a busy bus
// writes it.
//
//   bazel run -c opt //tests/bench:audit_bench -- [RECORDS]

namespace waystation::bench {
namespace {

using journal::v1::Record;

constexpr uint64_t kRecords = 1'000'000;
constexpr size_t kRecordsPerBlock = 256;
constexpr int kBlocksPerCheckpoint = 16;

template <typename T>
T Must(absl::StatusOr<T> result) {
  if (!result.ok()) Fatal(Std(result.status().message()));
  return *std::move(result);
}

void Must(const absl::Status& status) {
  if (!status.ok()) Fatal(Std(status.message()));
}

// A broker's folder: journal and audit log.
class Folder {
 public:
  explicit Folder(const std::string& dir)
      : dir_(dir),
        journal_(Must(journal::SegmentJournal::Open({.directory = dir + "/journal"}))),
        key_(TestLogKey('l')),
        name_(Must(tlog::VerifierKey::Create("waystation.example/log/1", tlog::KeyType::kEd25519,
                                             key_.public_key()))) {}

  void Fill(uint64_t records) {
    Record genesis;
    genesis.mutable_genesis()->set_bus_id(bus_id_);
    Add(genesis);
    for (int block = 1; sequence_ <= records; ++block) {
      while (block_.size() < kRecordsPerBlock && sequence_ <= records) Add(NextRecord());
      if (block % kBlocksPerCheckpoint == 0 || sequence_ > records) AddCheckpoint();
      Commit();
    }
    head_.ForEachPartial([&](const tlog::TileId& id, std::string_view tile) { Write(id, tile); });
  }

  std::string policy() const { return absl::StrCat("log ", name_.ToString(), "\nquorum none\n"); }

 private:
  // Three kinds that a message makes: accepted, leased, delivered.
  Record NextRecord() {
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

  void Add(Record record) {
    record.set_salt(crypto::RandomString(evidence::kLogSaltBytes));
    record.set_log_index(head_.size());
    Push(record);
    const std::string leaf = Must(evidence::LogLeafOf(placed_, block_.back(), bus_id_));
    entries_ += std::string{static_cast<char>(leaf.size() >> 8), static_cast<char>(leaf.size())};
    entries_ += leaf;
    head_.Append(merkle::LeafHash(leaf),
                 [&](const tlog::TileId& id, std::string_view tile) { Write(id, tile); });
    if (head_.size() % tlog::kTileWidth != 0) return;
    Write({.level = tlog::TileId::kEntries, .index = head_.size() / tlog::kTileWidth - 1},
          entries_);
    entries_.clear();
  }

  void Push(const Record& record) {
    placed_ = record;
    placed_.set_sequence(sequence_++);
    placed_.set_time_us(1'700'000'000'000'000 + static_cast<int64_t>(sequence_));
    block_.push_back(placed_.SerializeAsString());
  }

  void AddCheckpoint() {
    const merkle::Digest root = head_.Root();
    tlog::Note note;
    note.text =
        tlog::Checkpoint{.origin = name_.name(), .size = head_.size(), .root = root}.ToText();
    note.signatures.push_back(Must(tlog::SignNote(name_, key_, note.text)));
    Record record;
    record.mutable_checkpoint_signed()->set_tree_size(head_.size());
    record.mutable_checkpoint_signed()->set_root_hash(std::string(crypto::AsBytes(root)));
    record.mutable_checkpoint_signed()->set_note(note.ToBytes());
    Push(record);
  }

  void Commit() {
    const std::vector<std::string_view> views(block_.begin(), block_.end());
    const auto outcome = journal_->Append({.expected_sequence = journal_->head().next_sequence,
                                           .epoch = 1,
                                           .time = absl::FromUnixMicros(placed_.time_us()),
                                           .records = views});
    Must(outcome.status);
    block_.clear();
  }

  void Write(const tlog::TileId& id, std::string_view tile) {
    const std::string path = absl::StrCat(dir_, "/audit-log/", id.ToPath());
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path, std::ios::binary) << tile;
  }

  const std::string dir_;
  std::unique_ptr<journal::SegmentJournal> journal_;
  const crypto::Ed25519Key key_;
  const tlog::VerifierKey name_;
  const std::string bus_id_ = std::string(16, 'b');
  tlog::TreeHead head_;
  std::string entries_;
  std::vector<std::string> block_;
  Record placed_;
  uint64_t sequence_ = 1;
};

void Run(uint64_t records) {
  const std::string dir =
      absl::StrCat(std::filesystem::temp_directory_path().string(), "/audit_bench-", getpid());
  std::filesystem::create_directories(dir);
  std::string policy_text;
  {
    Folder folder(dir);
    folder.Fill(records);
    policy_text = folder.policy();
  }
  const tlog::Policy policy = Must(tlog::Policy::Parse(policy_text));
  const SystemClock clock;
  const absl::Duration begin = clock.Monotonic();
  cli::LogCheck check(policy, std::make_unique<cli::TileCheck>(dir + "/audit-log", 0));
  cli::FolderRecords source(dir + "/journal");
  Must(source.ForEach([&](std::string_view record) { return check.Take(record); }));
  Must(check.Finish());
  const double seconds = absl::ToDoubleSeconds(clock.Monotonic() - begin);
  cli::v1::AuditReport report;
  check.Fill(&report);
  std::cout << absl::StreamFormat("%d records, %d checkpoints, %d tiles in %.1f s: %.0f a second\n",
                                  report.records(), report.checkpoints(), report.tiles(), seconds,
                                  static_cast<double>(report.records()) / seconds);
  std::filesystem::remove_all(dir);
}

}  // namespace
}  // namespace waystation::bench

int main(int argc, char** argv) {
  waystation::bench::Run(argc > 1 ? std::strtoull(argv[1], nullptr, 10)
                                  : waystation::bench::kRecords);
  return 0;
}
