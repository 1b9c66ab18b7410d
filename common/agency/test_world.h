#ifndef WAYSTATION_COMMON_AGENCY_TEST_WORLD_H_
#define WAYSTATION_COMMON_AGENCY_TEST_WORLD_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/agency/agency.h"
#include "common/agency/config.h"
#include "common/agency/fake_exchange.h"
#include "common/agency/schema.h"
#include "common/clock/clock.h"
#include "common/crypto/authority.h"
#include "common/rpc/test_tls.h"

namespace waystation::agency {

// DOJ and INS on a bus in memory, with real keys and databases in a folder of
// their own, for tests of the runtime and of services.
//
//   TestWorld world;
//   auto ins = world.Open("ins", handler, {handler.schema()});
//   ins->Start();
//
// Staff of each agency: "<agency>-officer-1" and "<agency>-officer-2". A failure
// of its own ends the test program.
//
// Single-threaded: the test.
class TestWorld {
 public:
  TestWorld();
  ~TestWorld();
  TestWorld(const TestWorld&) = delete;
  TestWorld& operator=(const TestWorld&) = delete;

  FakeClock& clock() { return clock_; }
  FakeExchange& exchange() { return exchange_; }
  std::shared_ptr<rpc::TrustSource> trust() { return tls_.Trust(clock_); }

  // Of "auditor" too.
  static std::string IdentityOf(const std::string& agency);
  // Puts an auditor on the bus, who is opened as an agency is. For those who start
  // from now on.
  void AddAuditor();
  std::string StorePath(const std::string& agency) const { return folder_ + "/" + agency + ".db"; }
  const crypto::AeadKey& store_key() const { return store_key_; }

  // DOJ and INS with every certificate, as the exchange has it from the start, and
  // the auditor once there is one.
  bus::v1::Directory MakeDirectory() const;

  // Opens the agency on its database, which stays when the agency goes.
  std::unique_ptr<Agency> Open(const std::string& agency, Handler& handler,
                               const std::vector<Schema>& schemas = {});

  // Opens it on a database that somebody else made, with the runtime's schema in it.
  std::unique_ptr<Agency> OpenOn(const std::string& agency, Handler& handler,
                                 std::shared_ptr<Store> store);

  // A content that keeps every rule, for `transition`; say who and what.
  static CaseContent Content(const std::string& agency, Transition transition);
  // A request of DOJ to INS.
  static Tx::Request Request();

 private:
  struct Keys {
    crypto::IssuedCertificate sign;
    crypto::IssuedCertificate encrypt;
    crypto::IssuedCertificate recovery;
    crypto::IssuedCertificate archive;
  };

  Keys IssueKeys(const std::string& agency);
  Identity MakeIdentity(const std::string& agency);

  FakeClock clock_;
  crypto::CertificateAuthority authority_;
  rpc::TestTls tls_;
  crypto::AeadKey store_key_;
  std::string folder_;
  std::map<std::string, Keys> keys_;
  FakeExchange exchange_;
};

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_TEST_WORLD_H_
