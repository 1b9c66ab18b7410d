#ifndef WAYSTATION_COMMON_EVIDENCE_TEST_BUS_H_
#define WAYSTATION_COMMON_EVIDENCE_TEST_BUS_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "common/crypto/authority.h"
#include "common/crypto/cms.h"
#include "common/evidence/directory.h"
#include "common/evidence/signer.h"
#include "waystation/bus/v1/directory.pb.h"
#include "waystation/bus/v1/message.pb.h"

namespace waystation::evidence {

inline constexpr std::string_view kTestCaseType = "waystation.case.v1";
inline constexpr std::string_view kTestNoteType = "waystation.note.v1";

// A throwaway authority with enrolled identities, for tests. A failure of its
// own ends the test program.
//
//   TestBus bus;
//   Signer ins = bus.Enroll("/agency/ins");
//   auto directory = bus.View();
//
// Single-threaded: the test.
class TestBus {
 public:
  TestBus();

  static std::string Identity(std::string_view path);
  static absl::Time Now();

  // Enrols a new signing certificate and returns its signer.
  Signer Enroll(std::string_view path);
  // Makes a signer without enrolling it.
  Signer Stranger(std::string_view path);
  // Enrols a certificate of an encrypting use and returns its key.
  crypto::DecryptionKey EnrollKey(std::string_view path, bus::v1::CertificateUse use);

  crypto::IssuedCertificate Issue(std::string_view path, crypto::KeyUse use) const;
  const crypto::CertificateAuthority& authority() const { return authority_; }
  std::string roots_pem() const { return authority_.cert_pem(); }
  std::string crl_pem() const;
  crypto::TrustStore Trust() const;
  const bus::v1::Directory& directory() const { return directory_; }
  std::shared_ptr<const DirectoryView> View() const;

 private:
  void Add(std::string_view path, const crypto::Certificate& certificate,
           bus::v1::CertificateUse use);

  crypto::CertificateAuthority authority_;
  bus::v1::Directory directory_;
};

// A header that keeps every rule, without referral. `number` makes the id.
bus::v1::Header TestHeader(std::string_view from, std::string_view to, uint64_t number,
                           std::string_view payload);

// The message of `header`, signed alone.
bus::v1::SignedMessage TestMessage(const Signer& signer, const bus::v1::Header& header,
                                   std::string payload);

}  // namespace waystation::evidence

#endif  // WAYSTATION_COMMON_EVIDENCE_TEST_BUS_H_
