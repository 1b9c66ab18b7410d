#ifndef WAYSTATION_SERVICES_AUDIT_FOLLOWER_FIXTURE_H_
#define WAYSTATION_SERVICES_AUDIT_FOLLOWER_FIXTURE_H_

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "common/crypto/ed25519.h"
#include "common/evidence/log_leaf.h"
#include "common/evidence/test_bus.h"
#include "common/merkle/tree.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/audit/follower.h"

namespace waystation::audit {

// A broker's record, made by hand, and a follower that is killed and comes back.
class FollowerTest : public testing::Test {
 protected:
  FollowerTest() : doj_(bus_.Enroll("/agency/doj")), clock_(evidence::TestBus::Now()) {
    bus_.Enroll("/agency/ins");
  }

  void SetUp() override {
    std::string pattern = std::filesystem::temp_directory_path().string() + "/follow.XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    std::ofstream(folder_ + "/roots.pem") << bus_.roots_pem();
    std::ofstream(folder_ + "/crl.pem") << bus_.crl_pem();
    auto trust = rpc::TrustSource::Create({.roots_path = folder_ + "/roots.pem",
                                           .crl_path = folder_ + "/crl.pem",
                                           .poll = absl::ZeroDuration()},
                                          clock_);
    ASSERT_TRUE(trust.ok()) << trust.status();
    trust_ = *trust;
    Restart();
    journal::v1::Record genesis;
    genesis.mutable_genesis()->set_bus_id(std::string(16, 'b'));
    *genesis.mutable_genesis()->mutable_directory() = bus_.directory();
    Add(std::move(genesis));
    journal::v1::Record opened;
    opened.mutable_epoch_opened()->set_broker("spiffe://waystation.example/broker/1");
    opened.mutable_epoch_opened()->set_log_origin(log_name_.name());
    Add(std::move(opened));
  }
  void TearDown() override {
    follower_.reset();
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  // Whatever is in memory only is lost.
  void Restart() {
    follower_.reset();
    store_.reset();
    store_ = *AuditStore::Open({folder_ + "/audit.db", key_}, rules_);
    auto policy = tlog::Policy::Parse("log " + log_name_.ToString() + "\n" + cosigner_lines_ +
                                      "quorum none\n");
    ASSERT_TRUE(policy.ok()) << policy.status();
    auto follower = Follower::Create({.store = store_.get(),
                                      .clock = &clock_,
                                      .trust = trust_,
                                      .trust_domain = "waystation.example",
                                      .identity = "auditor",
                                      .rules = rules_,
                                      .log_policy = *policy,
                                      .former_log_keys = former_names_});
    ASSERT_TRUE(follower.ok()) << follower.status();
    follower_ = *std::move(follower);
  }

  // Appends a record to the broker's, with its leaf in the log.
  uint64_t Add(journal::v1::Record record, bool leaf = true) {
    record.set_sequence(records_.size() + 1);
    record.set_time_us(absl::ToUnixMicros(clock_.Now()));
    if (leaf) {
      record.set_salt(std::string(16, 's'));
      record.set_log_index(leaves_.size());
    }
    records_.push_back(record.SerializeAsString());
    if (leaf) {
      leaves_.push_back(
          merkle::LeafHash(*evidence::LogLeafOf(record, records_.back(), std::string(16, 'b'))));
    }
    return records_.size();
  }
  uint64_t AddRequest(uint64_t number, absl::Duration due_in) {
    bus::v1::Header header = evidence::TestHeader("/agency/doj", "/agency/ins", number, "");
    header.mutable_time()->set_seconds(absl::ToUnixSeconds(clock_.Now()));
    bus::v1::ReferralHeader* step = header.mutable_referral();
    step->set_referral_id(std::string(16, static_cast<char>('A' + number)));
    step->set_transition(types::v1::TRANSITION_REQUEST);
    step->set_scope_version(1);
    step->mutable_due_time()->set_seconds(absl::ToUnixSeconds(clock_.Now() + due_in));
    last_id_ = header.id();
    journal::v1::Record record;
    record.mutable_accepted()->set_header(header.SerializeAsString());
    record.mutable_accepted()->set_certificate_sha256(
        std::string(crypto::AsBytes(doj_.certificate().sha256())));
    return Add(std::move(record));
  }
  uint64_t AddRefusal(const std::string& reason, const std::string& text) {
    journal::v1::Record record;
    record.mutable_refused()->set_peer(evidence::TestBus::Identity("/agency/doj"));
    record.mutable_refused()->set_stage("publish");
    record.mutable_refused()->set_reason(reason);
    record.mutable_refused()->set_count(1);
    record.mutable_refused()->set_text(text);
    return Add(std::move(record));
  }
  tlog::Checkpoint Head() const {
    return {
        .origin = log_name_.name(), .size = leaves_.size(), .root = merkle::Tree(leaves_).root()};
  }
  std::string Note(const tlog::Checkpoint& checkpoint) const {
    const std::string text = checkpoint.ToText();
    return tlog::Note{.text = text, .signatures = {*tlog::SignNote(log_name_, log_key_, text)}}
        .ToBytes();
  }
  uint64_t AddCheckpoint(const tlog::Checkpoint& checkpoint) {
    journal::v1::Record record;
    record.mutable_checkpoint_signed()->set_tree_size(checkpoint.size);
    record.mutable_checkpoint_signed()->set_root_hash(
        std::string(crypto::AsBytes(checkpoint.root)));
    record.mutable_checkpoint_signed()->set_note(Note(checkpoint));
    return Add(std::move(record), /*leaf=*/false);
  }

  void AddEpoch() {
    journal::v1::Record opened;
    opened.mutable_epoch_opened()->set_broker("spiffe://waystation.example/broker/1");
    opened.mutable_epoch_opened()->set_log_origin(log_name_.name());
    Add(std::move(opened));
  }
  void GoBackTo(size_t records) {
    records_.resize(records);
    leaves_.clear();
    for (const std::string& bytes : records_) {
      journal::v1::Record record;
      EXPECT_TRUE(record.ParseFromString(bytes));
      if (record.has_checkpoint_signed()) continue;
      leaves_.push_back(
          merkle::LeafHash(*evidence::LogLeafOf(record, bytes, std::string(16, 'b'))));
    }
    former_names_.push_back(log_name_);
    log_key_ = *crypto::Ed25519Key::Generate();
    log_name_ = *tlog::VerifierKey::Create(
        absl::StrCat("waystation.example/log/", former_names_.size() + 1), tlog::KeyType::kEd25519,
        log_key_.public_key());
    Restart();
  }

  // Follows what is there, as the stream gives it. Whether it fitted.
  bool Follow() {
    const uint64_t next = follower_->NextSequence();
    std::vector<std::string> frame(records_.begin() + static_cast<ptrdiff_t>(next - 1),
                                   records_.end());
    bool fits = false;
    EXPECT_TRUE(follower_->TakeRecords(frame, &fits).ok());
    return fits;
  }
  void Tick() { EXPECT_TRUE(follower_->Tick().ok()); }
  std::vector<v1::Finding> Open(Rule rule) {
    std::vector<v1::Finding> findings;
    auto found = store_->ListFindings(
        {.rule = std::string(RuleName(rule)), .open_only = true, .limit = 100});
    EXPECT_TRUE(found.ok());
    for (auto& [position, finding] : *found) findings.push_back(std::move(finding));
    return findings;
  }
  size_t OpenCount() { return *store_->CountOpen(); }

  evidence::TestBus bus_;
  evidence::Signer doj_;
  FakeClock clock_;
  const crypto::AeadKey key_ = *crypto::AeadKey::FromBytes(std::string(32, 'k'));
  crypto::Ed25519Key log_key_ = *crypto::Ed25519Key::Generate();
  tlog::VerifierKey log_name_ = *tlog::VerifierKey::Create(
      "waystation.example/log/1", tlog::KeyType::kEd25519, log_key_.public_key());
  std::vector<tlog::VerifierKey> former_names_;
  std::string cosigner_lines_;  // Of the log's policy.
  Rules rules_ = Rules::Default();
  std::string folder_;
  std::shared_ptr<rpc::TrustSource> trust_;
  std::vector<std::string> records_;
  std::vector<crypto::Digest> leaves_;
  std::string last_id_;
  std::unique_ptr<AuditStore> store_;
  std::unique_ptr<Follower> follower_;
};

}  // namespace waystation::audit

#endif  // WAYSTATION_SERVICES_AUDIT_FOLLOWER_FIXTURE_H_
