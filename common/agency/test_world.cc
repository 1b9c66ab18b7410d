#include "common/agency/test_world.h"

#include <cstdlib>
#include <filesystem>
#include <utility>

#include "common/agency/identity_text.h"
#include "common/agency/memo.h"
#include "common/ids/random.h"
#include "common/status/status.h"

namespace waystation::agency {
namespace {

constexpr std::string_view kDomain = "waystation.example";
constexpr std::string_view kAuditor = "auditor";
constexpr int64_t kTestSeconds = 979'084'800;  // 2001-01-10 00:00:00 UTC.

template <typename T>
T Must(absl::StatusOr<T> result) {
  if (!result.ok()) Fatal(result.status().ToString());
  return *std::move(result);
}

std::string MakeFolder() {
  std::string pattern = std::filesystem::temp_directory_path().string() + "/agency.XXXXXX";
  WS_CHECK(::mkdtemp(pattern.data()) != nullptr);
  return pattern;
}

std::string UnitOf(const std::string& agency) {
  return agency == "doj" ? "doj/fbi" : agency + "/vsc";
}

types::v1::ActingOfficial Officer(const std::string& agency, int number) {
  types::v1::ActingOfficial officer;
  officer.set_office(agency + " office");
  officer.set_title("Officer");
  officer.set_staff_id(absl::StrCat(agency, "-officer-", number));
  officer.set_unit(UnitOf(agency));
  return officer;
}

void Enroll(bus::v1::Identity& identity, const crypto::IssuedCertificate& issued,
            bus::v1::CertificateUse use) {
  bus::v1::EnrolledCertificate& enrolled = *identity.add_certificates();
  enrolled.set_der(issued.certificate.der());
  enrolled.set_use(use);
}

}  // namespace

TestWorld::TestWorld()
    : clock_(absl::FromUnixSeconds(kTestSeconds)),
      authority_(Must(crypto::CertificateAuthority::Create(
          "test root", clock_.Now() - absl::Hours(48), absl::Hours(24 * 365)))),
      tls_(authority_, clock_.Now()),
      store_key_(crypto::AeadKey::Generate()),
      folder_(MakeFolder()),
      exchange_(clock_) {
  for (const char* agency : {"doj", "ins"}) keys_.emplace(agency, IssueKeys(agency));
  exchange_.SetDirectory(MakeDirectory());
}

TestWorld::~TestWorld() { std::filesystem::remove_all(folder_); }

std::string TestWorld::IdentityOf(const std::string& agency) {
  return agency == kAuditor ? AuditorIdentity(kDomain) : AgencyIdentity(kDomain, agency);
}

void TestWorld::AddAuditor() {
  keys_.emplace(kAuditor, IssueKeys(std::string(kAuditor)));
  exchange_.SetDirectory(MakeDirectory());
}

TestWorld::Keys TestWorld::IssueKeys(const std::string& agency) {
  auto issue = [&](crypto::KeyUse use) {
    crypto::IssueRequest request;
    request.common_name = agency;
    request.uri_sans = {IdentityOf(agency)};
    request.use = use;
    request.not_before = clock_.Now() - absl::Hours(1);
    request.not_after = clock_.Now() + absl::Hours(24 * 30);
    return Must(authority_.Issue(request));
  };
  return {issue(crypto::KeyUse::kSign), issue(crypto::KeyUse::kEncrypt),
          issue(crypto::KeyUse::kRecovery), issue(crypto::KeyUse::kArchive)};
}

bus::v1::Directory TestWorld::MakeDirectory() const {
  bus::v1::Directory directory;
  directory.set_version(keys_.contains("auditor") ? 2 : 1);
  directory.set_trust_domain(std::string(kDomain));
  for (const auto& [agency, keys] : keys_) {
    bus::v1::Identity& identity = *directory.add_identities();
    identity.set_identity(IdentityOf(agency));
    Enroll(identity, keys.sign, bus::v1::CERTIFICATE_USE_SIGN);
    Enroll(identity, keys.encrypt, bus::v1::CERTIFICATE_USE_ENCRYPT);
    Enroll(identity, keys.recovery, bus::v1::CERTIFICATE_USE_RECOVERY);
    Enroll(identity, keys.archive, bus::v1::CERTIFICATE_USE_ARCHIVE);
    bus::v1::Unit& unit = *identity.add_units();
    unit.set_name(UnitOf(agency));
    if (agency == "doj") unit.add_attributes("federal_lea");
  }
  bus::v1::MessageType& type = *directory.add_types();
  type.set_name("waystation.case.v1");
  type.set_is_case(true);
  for (std::string_view name : {kComplianceMemo, kFindingMemo}) {
    bus::v1::MessageType& memo = *directory.add_types();
    memo.set_name(std::string(name));
    memo.set_is_memo(true);
  }
  return directory;
}

Identity TestWorld::MakeIdentity(const std::string& agency) {
  const Keys& keys = keys_.at(agency);
  Identity identity;
  identity.spiffe_id = IdentityOf(agency);
  identity.trust_domain = std::string(kDomain);
  identity.agency = agency;
  identity.signer = std::make_shared<const evidence::Signer>(Must(evidence::Signer::Create(
      identity.spiffe_id, Must(crypto::SigningKey::FromPem(keys.sign.key_pem)),
      keys.sign.certificate)));
  identity.decryption = std::make_shared<const crypto::DecryptionKey>(
      Must(crypto::DecryptionKey::FromPem(keys.encrypt.key_pem, keys.encrypt.certificate_pem)));
  identity.trust = tls_.Trust(clock_);
  for (int number : {1, 2}) {
    types::v1::ActingOfficial officer = Officer(agency, number);
    identity.staff.emplace(officer.staff_id(), officer);
  }
  return identity;
}

std::unique_ptr<Agency> TestWorld::Open(const std::string& agency, Handler& handler,
                                        const std::vector<Schema>& schemas) {
  std::vector<Schema> all = {RuntimeSchema()};
  all.insert(all.end(), schemas.begin(), schemas.end());
  return OpenOn(agency, handler, Must(Store::Open({StorePath(agency), store_key_}, all)));
}

std::unique_ptr<Agency> TestWorld::OpenOn(const std::string& agency, Handler& handler,
                                          std::shared_ptr<Store> store) {
  Agency::Parts parts;
  parts.identity = MakeIdentity(agency);
  parts.store = std::move(store);
  parts.bus = exchange_.Connect(IdentityOf(agency));
  parts.clock = &clock_;
  parts.random = SystemRandom;
  return Must(Agency::Create(std::move(parts), handler));
}

CaseContent TestWorld::Content(const std::string& agency, Transition transition) {
  const std::string other = agency == "doj" ? "ins" : "doj";
  CaseContent content;
  content.set_from_unit(UnitOf(agency));
  content.set_to_unit(UnitOf(other));
  *content.add_officials() = Officer(agency, 1);
  content.set_person("pv-test-0001");
  content.set_reason_text("because the test says so");
  if (transition == types::v1::TRANSITION_REQUEST) {
    content.mutable_disclosure_basis()->set_kind(
        referral::v1::DISCLOSURE_BASIS_KIND_STATUTORY_DUTY);
    content.mutable_disclosure_basis()->set_citation("TVPA 107(c)(3)");
  }
  content.mutable_body()->set_type_url("type.googleapis.com/waystation.test.Body");
  content.mutable_body()->set_value("body");
  if (transition == types::v1::TRANSITION_RETURN) {
    content.mutable_return_detail()->set_reason(types::v1::RETURN_REASON_INCOMPLETE);
  }
  if (transition == types::v1::TRANSITION_HOLD) content.mutable_hold_until()->set_year(2002);
  return content;
}

Tx::Request TestWorld::Request() {
  Tx::Request request;
  request.target = "ins";
  request.content = Content("doj", types::v1::TRANSITION_REQUEST);
  request.procedure = "test procedure";
  return request;
}

}  // namespace waystation::agency
