#include "services/dos/dos_service.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "common/agency/schema.h"
#include "common/agency/test_world.h"
#include "common/ids/random.h"
#include "common/status/status.h"
#include "gtest/gtest.h"
#include "waystation/casework/v1/casework.grpc.pb.h"
#include "waystation/doj/v1/doj_service.grpc.pb.h"
#include "waystation/dos/v1/dos_service.grpc.pb.h"

namespace waystation::dos {
namespace {

template <typename Api>
bool Serves(const std::vector<grpc::Service*>& apis) {
  return std::any_of(apis.begin(), apis.end(), [](grpc::Service* one) {
    return dynamic_cast<typename Api::CallbackService*>(one) != nullptr;
  });
}

// Returns, reports and petitions stand in one database and are served together.
TEST(DosServiceTest, HasTheTablesAndTheApisOfAllItsParts) {
  agency::TestWorld world;
  agency::Agency::Parts parts;
  parts.identity.spiffe_id = "spiffe://waystation.example/agency/dos";
  parts.identity.agency = "dos";
  std::unique_ptr<agency::Service> service = MakeService(parts.identity, world.clock());
  std::vector<agency::Schema> schemas = service->schemas();
  schemas.insert(schemas.begin(), agency::RuntimeSchema());
  auto store = agency::Store::Open({world.StorePath("dos"), world.store_key()}, schemas);
  ASSERT_TRUE(store.ok()) << store.status();
  parts.store = *std::move(store);
  parts.bus = world.exchange().Connect(parts.identity.spiffe_id);
  parts.clock = &world.clock();
  parts.random = SystemRandom;
  auto agency = agency::Agency::Create(std::move(parts), *service);
  ASSERT_TRUE(agency.ok()) << agency.status();
  agency::Officers officers(**agency, world.trust(), service->officers_options());
  service->Attach(**agency, officers);
  const std::vector<grpc::Service*> apis = service->officers_apis();
  EXPECT_EQ(apis.size(), 3u);
  EXPECT_TRUE(Serves<casework::v1::CaseworkService>(apis));
  EXPECT_TRUE(Serves<doj::v1::DojService>(apis));
  EXPECT_TRUE(Serves<v1::DosService>(apis));
  EXPECT_EQ(service->officers_options().unknown_field_reason, "NAME_NOT_ALLOWED");
  officers.Shutdown();
}

}  // namespace
}  // namespace waystation::dos
