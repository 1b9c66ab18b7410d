#ifndef WAYSTATION_TESTS_HARNESS_STRANGERS_H_
#define WAYSTATION_TESTS_HARNESS_STRANGERS_H_

#include <string>
#include <vector>

#include "common/crypto/authority.h"
#include "tests/harness/test_bus.h"

namespace waystation::harness {

// Issues TLS certificates that a bus must not take, each in files of its own:
//
//   Strangers strangers(bus);
//   auto channel = bus.Channel(strangers.Issue({}));  // No URI SAN.
//
// Single-threaded: the test.
class Strangers {
 public:
  explicit Strangers(TestBus& bus);

  // By the authority of the bus, good today.
  rpc::TlsFiles Issue(const std::vector<std::string>& uris);
  // By the authority of the bus, run out an hour ago.
  rpc::TlsFiles IssueExpired(const std::vector<std::string>& uris);
  // By an authority that the bus does not know.
  rpc::TlsFiles IssueElsewhere(const std::vector<std::string>& uris);

 private:
  rpc::TlsFiles Write(const crypto::CertificateAuthority& authority,
                      const std::vector<std::string>& uris, absl::Time from, absl::Time until);

  TestBus& bus_;
  crypto::CertificateAuthority own_;
  crypto::CertificateAuthority other_;
  int count_ = 0;
};

}  // namespace waystation::harness

#endif  // WAYSTATION_TESTS_HARNESS_STRANGERS_H_
