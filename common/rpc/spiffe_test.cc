#include "common/rpc/spiffe.h"

#include <string>

#include "gtest/gtest.h"

namespace waystation::rpc {
namespace {

TEST(SpiffeTest, SplitsTrustDomainAndPath) {
  auto id = ParseSpiffeId("spiffe://waystation.example/agency/doj/staff/S-1_a.b");
  ASSERT_TRUE(id.ok()) << id.status();
  EXPECT_EQ(id->trust_domain, "waystation.example");
  EXPECT_EQ(id->path, "/agency/doj/staff/S-1_a.b");
}

TEST(SpiffeTest, RefusesWhatIsNotASpiffeId) {
  for (const std::string& text : {
           std::string(""),
           std::string("spiffe://"),
           std::string("spiffe://td"),
           std::string("spiffe://td/"),
           std::string("spiffe:///agency/ins"),
           std::string("SPIFFE://td/agency"),
           std::string("https://td/agency"),
           std::string("spiffe://TD/agency"),
           std::string("spiffe://td:443/agency"),
           std::string("spiffe://user@td/agency"),
           std::string("spiffe://td//agency"),
           std::string("spiffe://td/agency/"),
           std::string("spiffe://td/./agency"),
           std::string("spiffe://td/agency/.."),
           std::string("spiffe://td/agency?q"),
           std::string("spiffe://td/agency#f"),
           std::string("spiffe://td/agency%2fins"),
           std::string("spiffe://td/agency/ins\0", 23),
           "spiffe://td/" + std::string(256, 'a'),
       }) {
    EXPECT_FALSE(ParseSpiffeId(text).ok()) << text;
  }
}

}  // namespace
}  // namespace waystation::rpc
