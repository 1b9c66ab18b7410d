#include "tools/waystation/evidence/test_world.h"

#include "absl/strings/str_cat.h"
#include "common/evidence/content_types.h"
#include "common/evidence/leaf.h"
#include "common/evidence/log_leaf.h"
#include "common/evidence/message.h"
#include "common/merkle/tree.h"
#include "common/status/status.h"
#include "tools/waystation/text.h"

namespace waystation::cli {
namespace {

using journal::v1::Record;

template <typename T>
T Must(absl::StatusOr<T> result) {
  if (!result.ok()) Fatal(Std(result.status().message()));
  return *std::move(result);
}

tlog::VerifierKey CosignerName(const std::string& name, char seed) {
  return Must(tlog::VerifierKey::Create("waystation.example/cosigner/" + name,
                                        tlog::KeyType::kCosignature,
                                        TestLogKey(seed).public_key()));
}

// The receipt of a batch as a history shows it alone.
bus::v1::SignedReceipt Alone(const bus::v1::ReceiptBatch& batch, size_t index) {
  std::vector<crypto::Digest> leaves;
  for (const std::string& receipt : batch.receipts()) {
    leaves.push_back(evidence::LeafHash(evidence::kDeliveryReceiptContent, receipt));
  }
  bus::v1::SignedReceipt alone;
  alone.set_receipt(batch.receipts(static_cast<int>(index)));
  bus::v1::Signature& signature = *alone.mutable_signature();
  signature.set_certificate_sha256(batch.certificate_sha256());
  signature.set_signature(batch.signature());
  signature.mutable_batch()->set_statement(batch.statement());
  signature.mutable_batch()->set_leaf_index(static_cast<uint32_t>(index));
  merkle::Tree(leaves).AppendPath(index, signature.mutable_batch()->mutable_path());
  return alone;
}

}  // namespace

TestWorld::TestWorld()
    : doj_(bus_.Enroll("/agency/doj")),
      ins_(bus_.Enroll("/agency/ins")),
      broker_(bus_.Enroll("/broker/1")),
      log_(evidence::TestBus::Now()),
      policy_(absl::StrCat("log ", log_.log_name().ToString(), "\nwitness doj ",
                           CosignerName("doj", 'd').ToString(), "\nwitness auditor ",
                           CosignerName("auditor", 'a').ToString(),
                           "\ngroup both all doj auditor\nquorum both\n")) {}

size_t TestWorld::Send(const std::string& referral, const evidence::Signer& from,
                       const evidence::Signer& to, types::v1::Transition transition,
                       absl::Time expire) {
  bus::v1::GetReferralHistoryResponse& history = histories_[referral];
  bus::v1::Header header = evidence::TestHeader("/agency/doj", "/agency/ins", ++messages_, "");
  header.set_source(from.identity());
  header.set_recipients(0, to.identity());
  header.set_type(std::string(evidence::kTestCaseType));
  header.set_datacontenttype(std::string(evidence::kEncryptedMediaType));
  if (expire != absl::InfiniteFuture()) *header.mutable_expire_time() = ToProto(expire);
  header.mutable_referral()->set_referral_id(referral);
  header.mutable_referral()->set_transition(transition);
  header.mutable_referral()->set_expected_version(history.referral().version());
  header.mutable_referral()->set_scope_version(1);
  const bus::v1::SignedMessage message = evidence::TestMessage(from, header, "");
  Record record;
  record.mutable_accepted()->set_header(message.header());
  record.mutable_accepted()->set_signature(message.signature().SerializeAsString());
  record.mutable_accepted()->set_envelope_hash(
      std::string(crypto::AsBytes(evidence::EnvelopeHash(message.header()))));
  record.mutable_accepted()->set_crl_number(1);
  record.mutable_accepted()->set_certificate_sha256(message.signature().certificate_sha256());
  record = log_.Add(std::move(record));
  records_[referral].push_back(record);
  history.mutable_referral()->set_version(history.referral().version() + 1);
  bus::v1::HistoryEntry& entry = *history.add_entries();
  entry.set_sequence(record.sequence());
  *entry.mutable_time() = ToProto(absl::FromUnixMicros(record.time_us()));
  entry.set_transition(transition);
  entry.set_actor(from.identity());
  *entry.mutable_message() = message;
  *entry.mutable_custody_receipt() = Custody(record);
  return static_cast<size_t>(history.entries_size() - 1);
}

bus::v1::SignedReceipt TestWorld::Custody(const Record& accepted) {
  bus::v1::Header header;
  WS_CHECK(header.ParseFromString(accepted.accepted().header()));
  bus::v1::SignedReceipt receipt;
  receipt.set_receipt(evidence::CustodyReceiptBytes(accepted, header.id(), log_.bus_id()));
  const std::string_view content = receipt.receipt();
  *receipt.mutable_signature() =
      Must(broker_.SignBatch(evidence::kCustodyReceiptContent, {&content, 1},
                             absl::FromUnixMicros(accepted.time_us())))[0];
  Record record;
  record.mutable_custody_signed()->set_statement(receipt.signature().batch().statement());
  record.mutable_custody_signed()->set_signature(receipt.signature().signature());
  record.mutable_custody_signed()->set_certificate_sha256(receipt.signature().certificate_sha256());
  log_.Add(std::move(record));
  return receipt;
}

void TestWorld::Receive(const evidence::Signer& by,
                        std::vector<std::pair<std::string, size_t>> messages) {
  std::vector<std::string> receipts;
  for (const auto& [referral, place] : messages) {
    const auto& entry = histories_[referral].entries(static_cast<int>(place));
    bus::v1::Header header;
    WS_CHECK(header.ParseFromString(entry.message().header()));
    bus::v1::DeliveryReceipt receipt;
    receipt.set_message_id(header.id());
    receipt.set_envelope_hash(
        std::string(crypto::AsBytes(evidence::EnvelopeHash(entry.message().header()))));
    receipt.set_recipient(by.identity());
    receipt.set_outcome(bus::v1::DELIVERY_OUTCOME_APPLIED);
    receipt.set_attempt(1);
    *receipt.mutable_time() = ToProto(evidence::TestBus::Now());
    receipts.push_back(receipt.SerializeAsString());
  }
  const auto batch = Must(by.SignReceipts(std::move(receipts), evidence::TestBus::Now()));
  Record record;
  record.mutable_delivered()->set_queue(by.identity());
  record.mutable_delivered()->set_statement(batch.statement());
  record.mutable_delivered()->set_signature(batch.signature());
  record.mutable_delivered()->set_certificate_sha256(batch.certificate_sha256());
  *record.mutable_delivered()->mutable_receipts() = batch.receipts();
  record = log_.Add(std::move(record));
  for (size_t i = 0; i < messages.size(); ++i) {
    auto& history = histories_[messages[i].first];
    bus::v1::HistoryEntry& entry = *history.mutable_entries(static_cast<int>(messages[i].second));
    *entry.add_delivery_receipts() = Alone(batch, i);
    records_[messages[i].first].push_back(record);
    if (entry.transition() != types::v1::TRANSITION_REQUEST) continue;
    history.mutable_referral()->set_version(history.referral().version() + 1);
    bus::v1::HistoryEntry& silent = *history.add_entries();
    silent.set_sequence(record.sequence());
    *silent.mutable_time() = ToProto(absl::FromUnixMicros(record.time_us()));
    silent.set_transition(types::v1::TRANSITION_RECEIVED);
    silent.set_actor(by.identity());
  }
}

std::string TestWorld::Play(char digit) {
  const std::string id(16, digit);
  Receive(ins_, {{id, Send(id, doj_, ins_, types::v1::TRANSITION_REQUEST)}});
  Receive(doj_, {{id, Send(id, ins_, doj_, types::v1::TRANSITION_TAKE_UP)}});
  Receive(doj_, {{id, Send(id, ins_, doj_, types::v1::TRANSITION_ANSWER)}});
  return id;
}

void TestWorld::PlayTogether(char first, char second) {
  const std::string a(16, first);
  const std::string b(16, second);
  for (auto transition : {types::v1::TRANSITION_REQUEST, types::v1::TRANSITION_TAKE_UP,
                          types::v1::TRANSITION_ANSWER}) {
    const bool asks = transition == types::v1::TRANSITION_REQUEST;
    const evidence::Signer& from = asks ? doj_ : ins_;
    const evidence::Signer& to = asks ? ins_ : doj_;
    const size_t of_a = Send(a, from, to, transition);
    const size_t of_b = Send(b, from, to, transition);
    Receive(to, {{a, of_a}, {b, of_b}});
  }
}

std::string TestWorld::PlayExpiry(char digit) {
  const std::string id(16, digit);
  Send(id, doj_, ins_, types::v1::TRANSITION_REQUEST, evidence::TestBus::Now());
  Record record;
  record.mutable_expired()->set_sequence(records_[id].back().sequence());
  record = log_.Add(std::move(record));
  bus::v1::HistoryEntry& entry = *histories_[id].add_entries();
  entry.set_sequence(record.sequence());
  *entry.mutable_time() = ToProto(absl::FromUnixMicros(record.time_us()));
  entry.set_transition(types::v1::TRANSITION_EXPIRE);
  return id;
}

void TestWorld::Sign() {
  log_.AddCheckpoint();
  tlog::Note note = Must(tlog::Note::Parse(log_.note()));
  for (const auto& [name, seed] : {std::pair("doj", 'd'), std::pair("auditor", 'a')}) {
    note.signatures.push_back(Must(tlog::Cosign(CosignerName(name, seed), TestLogKey(seed),
                                                note.text, evidence::TestBus::Now())));
  }
  checkpoint_ = note.ToBytes();
}

EvidenceSources TestWorld::Sources(const std::string& referral) const {
  EvidenceSources sources{.referral_id = referral,
                          .broker = broker_.identity(),
                          .history = histories_.at(referral),
                          .proofs = {},
                          .directory = {},
                          .roots_pem = bus_.roots_pem(),
                          .crl_pem = bus_.crl_pem(),
                          .log_policy = policy_};
  *sources.directory.mutable_directory() = bus_.directory();
  sources.directory.set_bus_id(log_.bus_id());
  sources.proofs.set_checkpoint(checkpoint_);
  std::vector<crypto::Digest> leaves;
  const auto size =
      Must(tlog::Checkpoint::FromText(Must(tlog::Note::Parse(checkpoint_)).text)).size;
  for (uint64_t i = 0; i < size; ++i) leaves.push_back(merkle::LeafHash(log_.leaves()[i]));
  const merkle::Tree tree(leaves);
  for (const Record& record : records_.at(referral)) {
    if (record.log_index() >= size) continue;
    audit::v1::RecordProof& proof = *sources.proofs.add_proofs();
    proof.set_log_index(record.log_index());
    proof.set_leaf(log_.leaves()[record.log_index()]);
    proof.set_salt(record.salt());
    tree.AppendPath(record.log_index(), proof.mutable_path());
  }
  return sources;
}

EvidenceTrust TestWorld::Trust() const {
  return {bus_.Trust(), Must(tlog::Policy::Parse(policy_)), broker_.identity()};
}

}  // namespace waystation::cli
