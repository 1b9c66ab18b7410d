#include "tools/waystation/history.h"

#include <memory>

#include "common/crypto/trust.h"
#include "common/evidence/content_types.h"
#include "common/evidence/message.h"
#include "common/evidence/signer.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/waystation/files.h"
#include "tools/waystation/pki.h"

namespace waystation::cli {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
const char kDoj[] = "spiffe://waystation.example/agency/doj";
const char kIns[] = "spiffe://waystation.example/agency/ins";
const char kBroker[] = "spiffe://waystation.example/broker/1";
const std::string kReferral(16, '\x07');
const std::string kBus(16, '\x42');

google::protobuf::Timestamp Stamp(absl::Time time) {
  google::protobuf::Timestamp stamp;
  stamp.set_seconds(absl::ToUnixSeconds(time));
  return stamp;
}

// A referral of two messages, signed by real keys: request, receipt, take-up.
class HistoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string dir = absl::StrCat(
        ::testing::TempDir(), "/", ::testing::UnitTest::GetInstance()->current_test_info()->name());
    pki_ = std::make_unique<PkiFolder>(
        *PkiFolder::Init(dir, "root", absl::Hours(24 * 365), kNow, true));
    directory_.set_version(1);
    for (const char* identity : {kDoj, kIns, kBroker}) Enrol(identity);
    AddMessage(1, kDoj, kIns, types::v1::TRANSITION_REQUEST, types::v1::REFERRAL_STATE_REQUESTED);
    AddReceipt(history_.mutable_entries(0), kIns);
    AddSilent(types::v1::TRANSITION_RECEIVED, types::v1::REFERRAL_STATE_RECEIVED, kIns);
    AddMessage(3, kIns, kDoj, types::v1::TRANSITION_TAKE_UP, types::v1::REFERRAL_STATE_TAKEN_UP);
  }

  void Enrol(const std::string& identity) {
    auto issued = *pki_->Issue({.identity = identity, .use = crypto::KeyUse::kSign}, kNow);
    auto certificate = *crypto::Certificate::FromPem(issued.certificate_pem);
    auto key = *crypto::SigningKey::FromPem(*ReadWholeFile(issued.key_path));
    auto* enrolled = directory_.add_identities();
    enrolled->set_identity(identity);
    auto* bound = enrolled->add_certificates();
    bound->set_der(certificate.der());
    bound->set_use(bus::v1::CERTIFICATE_USE_SIGN);
    serials_[identity] = certificate.serial();
    signers_.emplace(identity, *evidence::Signer::Create(identity, std::move(key), certificate));
  }

  bus::v1::Signature Sign(const std::string& signer, std::string_view type,
                          const std::string& bytes) {
    return *signers_.at(signer).SignOne(type, bytes);
  }

  void AddMessage(uint64_t version, const std::string& from, const std::string& to,
                  types::v1::Transition transition, types::v1::ReferralState state) {
    bus::v1::Header header;
    header.set_id(absl::StrCat("01890a5d-ac96-774b-bcce-b302099a805", version));
    header.set_source(from);
    header.set_type("waystation.case.v1");
    *header.mutable_time() = Stamp(kNow);
    header.set_datacontenttype(std::string(evidence::kEncryptedMediaType));
    header.add_recipients(to);
    header.set_payload_sha256(std::string(32, 'p'));
    header.mutable_referral()->set_referral_id(kReferral);
    header.mutable_referral()->set_transition(transition);
    header.mutable_referral()->set_expected_version(version - 1);
    header.mutable_referral()->set_scope_version(1);
    auto* entry = history_.add_entries();
    entry->set_sequence(10 + version);
    *entry->mutable_time() = Stamp(kNow + absl::Seconds(version));
    entry->set_transition(transition);
    entry->set_version(version);
    entry->set_actor(from);
    entry->set_state(state);
    entry->mutable_message()->set_header(header.SerializeAsString());
    *entry->mutable_message()->mutable_signature() =
        Sign(from, evidence::kHeaderContent, entry->message().header());
    AddCustody(entry, header);
  }

  void AddCustody(bus::v1::HistoryEntry* entry, const bus::v1::Header& header) {
    bus::v1::CustodyReceipt receipt;
    receipt.set_message_id(header.id());
    const auto hash = evidence::EnvelopeHash(entry->message().header());
    receipt.set_envelope_hash(std::string(crypto::AsBytes(hash)));
    receipt.set_sequence(entry->sequence());
    *receipt.mutable_accept_time() = entry->time();
    receipt.set_certificate_sha256(entry->message().signature().certificate_sha256());
    receipt.set_crl_number(1);
    receipt.set_policy_version(1);
    receipt.set_bus_id(kBus);
    auto* signed_receipt = entry->mutable_custody_receipt();
    signed_receipt->set_receipt(receipt.SerializeAsString());
    *signed_receipt->mutable_signature() =
        Sign(kBroker, evidence::kCustodyReceiptContent, signed_receipt->receipt());
  }

  void AddReceipt(bus::v1::HistoryEntry* entry, const std::string& recipient) {
    auto header = *evidence::ParseHeader(entry->message().header());
    bus::v1::DeliveryReceipt receipt;
    receipt.set_message_id(header.id());
    const auto hash = evidence::EnvelopeHash(entry->message().header());
    receipt.set_envelope_hash(std::string(crypto::AsBytes(hash)));
    receipt.set_recipient(recipient);
    receipt.set_outcome(bus::v1::DELIVERY_OUTCOME_APPLIED);
    receipt.set_attempt(1);
    *receipt.mutable_time() = Stamp(kNow + absl::Seconds(2));
    auto* signed_receipt = entry->add_delivery_receipts();
    signed_receipt->set_receipt(receipt.SerializeAsString());
    *signed_receipt->mutable_signature() =
        Sign(recipient, evidence::kDeliveryReceiptContent, signed_receipt->receipt());
  }

  void AddSilent(types::v1::Transition transition, types::v1::ReferralState state,
                 const std::string& actor) {
    auto* entry = history_.add_entries();
    entry->set_sequence(12);
    *entry->mutable_time() = Stamp(kNow + absl::Seconds(2));
    entry->set_transition(transition);
    entry->set_version(2);
    entry->set_actor(actor);
    entry->set_state(state);
  }

  std::vector<v1::VerifiedStep> Verify() {
    auto view = *evidence::DirectoryView::Create(directory_);
    auto trust = *crypto::TrustStore::Create(pki_->root_pem(), *ReadWholeFile(pki_->crl_path()),
                                             absl::ZeroDuration());
    return HistoryVerifier(view, trust, {kBroker, kBus}).Verify(history_, kReferral);
  }

  // Expects that exactly the verification fails, with `text` at step `index`.
  void ExpectProblem(size_t index, const std::string& text) {
    const auto steps = Verify();
    EXPECT_FALSE(AllVerified(steps).ok());
    EXPECT_THAT(steps.at(index).problems(), Contains(HasSubstr(text)));
  }

  std::unique_ptr<PkiFolder> pki_;
  bus::v1::Directory directory_;
  std::map<std::string, evidence::Signer> signers_;
  std::map<std::string, std::string> serials_;
  bus::v1::GetReferralHistoryResponse history_;
};

TEST_F(HistoryTest, WholeHistoryVerifies) {
  const auto steps = Verify();
  EXPECT_TRUE(AllVerified(steps).ok()) << AllVerified(steps);
  ASSERT_EQ(steps.size(), 3u);
  EXPECT_EQ(steps[0].verified(), 3u);
  EXPECT_EQ(steps[0].receipts(0).recipient(), kIns);
  EXPECT_EQ(steps[2].verified(), 2u);
}

TEST_F(HistoryTest, OneFlippedBitInHeaderShows) {
  std::string* header = history_.mutable_entries(2)->mutable_message()->mutable_header();
  (*header)[header->size() - 1] ^= 1;
  ExpectProblem(2, "message");
}

TEST_F(HistoryTest, OneFlippedBitInSignatureShows) {
  std::string* signature =
      history_.mutable_entries(0)->mutable_message()->mutable_signature()->mutable_signature();
  (*signature)[signature->size() - 1] ^= 1;
  ExpectProblem(0, "message");
}

TEST_F(HistoryTest, CustodyReceiptOfAnotherMessageShows) {
  *history_.mutable_entries(2)->mutable_custody_receipt() = history_.entries(0).custody_receipt();
  ExpectProblem(2, "custody receipt");
}

TEST_F(HistoryTest, MissingCustodyReceiptShows) {
  history_.mutable_entries(0)->clear_custody_receipt();
  ExpectProblem(0, "custody receipt");
}

TEST_F(HistoryTest, ForgedDeliveryReceiptShowsAndTheStepThatStandsOnIt) {
  auto* receipt = history_.mutable_entries(0)->mutable_delivery_receipts(0);
  *receipt->mutable_signature() = Sign(kDoj, evidence::kDeliveryReceiptContent, receipt->receipt());
  ExpectProblem(0, "delivery receipt");
  ExpectProblem(1, "missing");
}

TEST_F(HistoryTest, OmittedStepShows) {
  history_.mutable_entries()->DeleteSubrange(1, 1);
  ExpectProblem(1, "a step is missing");
}

TEST_F(HistoryTest, BrokersOwnStoryAgainstTheSignedOneShows) {
  history_.mutable_entries(2)->set_transition(types::v1::TRANSITION_ANSWER);
  ExpectProblem(2, "transition");
}

TEST_F(HistoryTest, StepWithoutMessageIsNotBelieved) {
  history_.mutable_entries(2)->clear_message();
  ExpectProblem(2, "no message carries it");
}

TEST_F(HistoryTest, MessageOfAnotherReferralShows) {
  auto view = *evidence::DirectoryView::Create(directory_);
  auto trust = *crypto::TrustStore::Create(pki_->root_pem(), *ReadWholeFile(pki_->crl_path()),
                                           absl::ZeroDuration());
  auto steps = HistoryVerifier(view, trust, {kBroker, kBus}).Verify(history_, std::string(16, 'x'));
  EXPECT_THAT(steps[0].problems(), Contains(HasSubstr("referral")));
}

TEST_F(HistoryTest, ReceiptOfAnotherBusShows) {
  auto view = *evidence::DirectoryView::Create(directory_);
  auto trust = *crypto::TrustStore::Create(pki_->root_pem(), *ReadWholeFile(pki_->crl_path()),
                                           absl::ZeroDuration());
  auto steps = HistoryVerifier(view, trust, {kBroker, "other"}).Verify(history_, kReferral);
  EXPECT_THAT(steps[0].problems(), Contains(HasSubstr("bus")));
}

TEST_F(HistoryTest, CertificateOfAnotherAuthorityShows) {
  const std::string other_dir = ::testing::TempDir() + "/other-authority";
  auto other = *PkiFolder::Init(other_dir, "other", absl::Hours(24 * 365), kNow, true);
  auto view = *evidence::DirectoryView::Create(directory_);
  auto trust = *crypto::TrustStore::Create(other.root_pem(), *ReadWholeFile(other.crl_path()),
                                           absl::ZeroDuration());
  auto steps = HistoryVerifier(view, trust, {kBroker, kBus}).Verify(history_, kReferral);
  EXPECT_THAT(steps[0].problems(), Contains(HasSubstr("UNTRUSTED")));
}

TEST_F(HistoryTest, RevocationBeforeAcceptanceShowsAndAfterItDoesNot) {
  ASSERT_TRUE(pki_->Revoke(serials_[kDoj], kNow + absl::Hours(1)).ok());
  EXPECT_TRUE(AllVerified(Verify()).ok());
  ASSERT_TRUE(pki_->Revoke(serials_[kIns], kNow - absl::Minutes(1)).ok());
  ExpectProblem(2, "REVOKED");
}

TEST_F(HistoryTest, EmptyHistoryProvesNothing) {
  history_.clear_entries();
  EXPECT_FALSE(AllVerified(Verify()).ok());
}

}  // namespace
}  // namespace waystation::cli
