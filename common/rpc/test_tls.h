#ifndef WAYSTATION_COMMON_RPC_TEST_TLS_H_
#define WAYSTATION_COMMON_RPC_TEST_TLS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/crypto/authority.h"
#include "common/rpc/tls.h"
#include "common/rpc/trust_source.h"

namespace waystation::rpc {

// TLS files of a throwaway authority in a folder of their own, for tests. A
// failure of its own ends the test program.
//
// Single-threaded: the test.
class TestTls {
 public:
  explicit TestTls(absl::Time now);
  TestTls(const crypto::CertificateAuthority& authority, absl::Time now);
  ~TestTls();
  TestTls(const TestTls&) = delete;
  TestTls& operator=(const TestTls&) = delete;

  struct Issued {
    TlsFiles files;
    std::string serial;
  };
  // Issues a certificate with these URI SANs, valid for a day either side.
  Issued Issue(const std::vector<std::string>& uris);
  Issued IssueExpired(const std::vector<std::string>& uris);

  // Trust in this authority; looks at its files at each question.
  std::shared_ptr<TrustSource> Trust(const Clock& clock);
  // Replaces the revocation list in place; takes effect at the next handshake
  // or call.
  void Revoke(const std::vector<std::string>& serials);
  void WriteCrl(const std::string& pem);
  std::string CrlPem(uint64_t number, const std::vector<std::string>& serials) const;
  const std::string& roots_path() const { return roots_path_; }
  const std::string& crl_path() const { return crl_path_; }

 private:
  Issued Write(const std::vector<std::string>& uris, absl::Time from, absl::Time until);

  crypto::CertificateAuthority authority_;
  absl::Time now_;
  std::string folder_;
  std::string roots_path_;
  std::string crl_path_;
  uint64_t crl_number_ = 1;
  int count_ = 0;
};

}  // namespace waystation::rpc

#endif  // WAYSTATION_COMMON_RPC_TEST_TLS_H_
