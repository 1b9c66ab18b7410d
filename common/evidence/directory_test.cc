#include "common/evidence/directory.h"

#include <functional>
#include <vector>

#include "common/evidence/test_bus.h"
#include "common/status/status.h"
#include "gtest/gtest.h"

namespace waystation::evidence {
namespace {

constexpr std::string_view kDoj = "/agency/doj";

TEST(DirectoryTest, FindsSigningCertificatesByIdentityAndDigestPastOnesToo) {
  TestBus bus;
  Signer old_signer = bus.Enroll(kDoj);
  Signer new_signer = bus.Enroll(kDoj);
  Signer ins = bus.Enroll("/agency/ins");
  auto view = bus.View();
  const std::string doj = TestBus::Identity(kDoj);
  EXPECT_NE(view->FindSigning(doj, old_signer.certificate().sha256()), nullptr);
  EXPECT_NE(view->FindSigning(doj, new_signer.certificate().sha256()), nullptr);
  EXPECT_EQ(view->FindSigning(doj, ins.certificate().sha256()), nullptr);
  EXPECT_EQ(view->FindSigning("spiffe://nobody/x", ins.certificate().sha256()), nullptr);
}

TEST(DirectoryTest, DoesNotTakeAnEncryptionCertificateForSigning) {
  TestBus bus;
  auto key = bus.EnrollKey(kDoj, bus::v1::CERTIFICATE_USE_ENCRYPT);
  EXPECT_EQ(bus.View()->FindSigning(TestBus::Identity(kDoj), key.certificate().sha256()), nullptr);
}

TEST(DirectoryTest, CurrentIsTheNewestThatIsGoodNow) {
  TestBus bus;
  auto first = bus.EnrollKey(kDoj, bus::v1::CERTIFICATE_USE_ENCRYPT);
  auto second = bus.EnrollKey(kDoj, bus::v1::CERTIFICATE_USE_ENCRYPT);
  auto view = bus.View();
  const std::string doj = TestBus::Identity(kDoj);
  auto current = view->Current(doj, bus::v1::CERTIFICATE_USE_ENCRYPT, bus.Trust(), TestBus::Now());
  ASSERT_TRUE(current.ok()) << current.status();
  EXPECT_TRUE(*current == second.certificate());
  auto crl = bus.authority().IssueCrl({{second.certificate().serial(), TestBus::Now()}}, 2,
                                      TestBus::Now(), TestBus::Now() + absl::Hours(24));
  ASSERT_TRUE(crl.ok());
  auto trust = crypto::TrustStore::Create(bus.roots_pem(), *crl, absl::ZeroDuration());
  ASSERT_TRUE(trust.ok());
  current = view->Current(doj, bus::v1::CERTIFICATE_USE_ENCRYPT, *trust, TestBus::Now());
  ASSERT_TRUE(current.ok()) << current.status();
  EXPECT_TRUE(*current == first.certificate());
}

TEST(DirectoryTest, CurrentSaysWhyThereIsNone) {
  TestBus bus;
  bus.EnrollKey(kDoj, bus::v1::CERTIFICATE_USE_ENCRYPT);
  auto view = bus.View();
  const std::string doj = TestBus::Identity(kDoj);
  auto later = view->Current(doj, bus::v1::CERTIFICATE_USE_ENCRYPT, bus.Trust(),
                             TestBus::Now() + absl::Hours(25));
  EXPECT_EQ(ReasonOf(later.status()), "CERTIFICATE_UNKNOWN");
  auto none = view->Current(doj, bus::v1::CERTIFICATE_USE_RECOVERY, bus.Trust(), TestBus::Now());
  EXPECT_TRUE(absl::IsNotFound(none.status()));
}

TEST(DirectoryTest, KnowsTypesAndUnits) {
  TestBus bus;
  bus.Enroll(kDoj);
  bus::v1::Directory directory = bus.directory();
  auto* unit = directory.mutable_identities(0)->add_units();
  unit->set_name("doj/fbi");
  unit->add_attributes("federal_lea");
  auto* memo = directory.add_types();
  memo->set_name("waystation.memo.v1");
  memo->set_is_memo(true);
  auto view = DirectoryView::Create(directory);
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_EQ((*view)->FormOf("waystation.memo.v1"), MessageForm::kMemo);
  EXPECT_EQ((*view)->FormOf(kTestCaseType), MessageForm::kCase);
  EXPECT_EQ((*view)->FormOf(kTestNoteType), MessageForm::kOpen);
  EXPECT_EQ((*view)->FormOf("waystation.other.v1"), std::nullopt);
  const std::string doj = TestBus::Identity(kDoj);
  EXPECT_TRUE((*view)->UnitHas(doj, "doj/fbi", "federal_lea"));
  EXPECT_FALSE((*view)->UnitHas(doj, "doj/fbi", "other"));
  EXPECT_FALSE((*view)->UnitHas(doj, "doj/eousa", "federal_lea"));
  EXPECT_EQ((*view)->FindUnit("spiffe://nobody/x", "doj/fbi"), nullptr);
}

TEST(DirectoryTest, RefusesWhatIsNotOneReadableDirectory) {
  TestBus bus;
  bus.Enroll(kDoj);
  bus.Enroll("/agency/ins");
  using Break = std::function<void(bus::v1::Directory&)>;
  const std::vector<Break> breaks = {
      [](auto& d) { *d.add_identities() = d.identities(0); },
      [](auto& d) { d.mutable_identities(0)->clear_identity(); },
      [](auto& d) { d.mutable_identities(0)->set_identity(TestBus::Identity("/agency/dol")); },
      [](auto& d) {
        auto* certificates = d.mutable_identities(0)->mutable_certificates();
        *certificates->Add() = certificates->Get(0);
      },
      [](auto& d) { d.mutable_identities(0)->mutable_certificates(0)->set_der("x"); },
      [](auto& d) { d.mutable_identities(0)->mutable_certificates(0)->clear_use(); },
      [](auto& d) {
        d.mutable_identities(0)->mutable_certificates(0)->set_use(bus::v1::CERTIFICATE_USE_ENCRYPT);
      },
      [](auto& d) { *d.add_types() = d.types(0); },
      [](auto& d) { d.add_types(); },
      [](auto& d) {
        auto* type = d.add_types();
        type->set_name("waystation.both.v1");
        type->set_is_case(true);
        type->set_is_memo(true);
      },
  };
  ASSERT_TRUE(DirectoryView::Create(bus.directory()).ok());
  for (size_t i = 0; i < breaks.size(); ++i) {
    bus::v1::Directory bad = bus.directory();
    breaks[i](bad);
    EXPECT_TRUE(absl::IsInvalidArgument(DirectoryView::Create(bad).status())) << i;
  }
}

}  // namespace
}  // namespace waystation::evidence
