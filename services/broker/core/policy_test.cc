#include "services/broker/core/policy.h"

#include <string>
#include <vector>

#include "common/status/status.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace waystation::broker {
namespace {

using ::testing::HasSubstr;

constexpr char kPolicy[] = R"pb(
  version: 3
  roles { name: "agency" paths: "/agency/*" }
  roles { name: "ins" paths: "/agency/ins" }
  roles { name: "enforcement" paths: "/unit/enforcement/*" paths: "/agency/raid" }
  roles { name: "auditor" paths: "/auditor" }
  deny {
    name: "no-case-to-enforcement"
    roles: "*"
    actions: ACTION_PUBLISH
    types: "case"
    recipient_roles: "enforcement"
  }
  deny { name: "raid-does-not-pull" roles: "enforcement" actions: ACTION_PULL }
  allow {
    name: "cases-between-agencies"
    roles: "agency"
    actions: ACTION_PUBLISH
    types: "case"
    recipient_roles: "agency"
  }
  allow {
    name: "ins-reports"
    roles: "ins"
    actions: ACTION_PUBLISH
    types: "*"
    recipient_roles: "auditor"
  }
  allow { name: "agencies-pull" roles: "agency" actions: ACTION_PULL actions: ACTION_READ }
  allow { name: "empty-roles" actions: ACTION_OPERATE }
  allow { name: "empty-types" roles: "auditor" actions: ACTION_PUBLISH recipient_roles: "*" }
  allow { name: "empty-recipients" roles: "auditor" actions: ACTION_PUBLISH types: "*" }
  allow { name: "matches-nothing" roles: "*" actions: ACTION_UNSPECIFIED }
  delivery { attempts_max: 5 backoff_min_ms: 100 backoff_max_ms: 60000 }
)pb";

constexpr char kDomain[] = "bus.example";

std::string Id(const std::string& path) { return "spiffe://bus.example" + path; }

bus::v1::Policy Text(const std::string& text) {
  bus::v1::Policy policy;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &policy));
  return policy;
}

PolicyView Make() {
  auto policy = PolicyView::Create(Text(kPolicy), kDomain);
  EXPECT_TRUE(policy.ok()) << policy.status();
  return *std::move(policy);
}

void ExpectDenied(const absl::Status& status, const std::string& why) {
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ReasonOf(status), "POLICY_DENIED");
  EXPECT_THAT(std::string(status.message()), HasSubstr(why));
}

absl::Status Publish(const PolicyView& policy, const std::string& from, const std::string& type,
                     const std::vector<std::string>& to) {
  std::vector<std::string> recipients;
  for (const std::string& path : to) recipients.push_back(Id(path));
  return policy.AllowPublish(Id(from), type, recipients);
}

TEST(PolicyTest, DeniesWhatNoRuleAllows) {
  PolicyView policy = Make();
  ExpectDenied(policy.Allow(Id("/agency/ins"), bus::v1::ACTION_AUDIT), "no rule allows it");
  ExpectDenied(policy.Allow(Id("/stranger"), bus::v1::ACTION_PULL), "no rule allows it");
  ExpectDenied(Publish(policy, "/agency/doj", "report", {"/agency/ins"}), "no rule allows it");
  ExpectDenied(Publish(policy, "/agency/doj", "case", {"/auditor"}), "no rule allows it");
}

TEST(PolicyTest, AllowsWhatARuleAllows) {
  PolicyView policy = Make();
  EXPECT_TRUE(policy.Allow(Id("/agency/ins"), bus::v1::ACTION_PULL).ok());
  EXPECT_TRUE(policy.Allow(Id("/agency/ins"), bus::v1::ACTION_READ).ok());
  EXPECT_TRUE(Publish(policy, "/agency/doj", "case", {"/agency/ins"}).ok());
  EXPECT_TRUE(Publish(policy, "/agency/ins", "anything", {"/auditor"}).ok());
  EXPECT_EQ(policy.version(), 3u);
  EXPECT_EQ(policy.delivery().attempts_max(), 5u);
}

TEST(PolicyTest, DenyGoesBeforeAllowAndNamesItsRule) {
  PolicyView policy = Make();
  // Both are agencies, so "cases-between-agencies" would allow it.
  ExpectDenied(Publish(policy, "/agency/doj", "case", {"/agency/raid"}), "no-case-to-enforcement");
  ExpectDenied(policy.Allow(Id("/agency/raid"), bus::v1::ACTION_PULL), "raid-does-not-pull");
  EXPECT_TRUE(policy.Allow(Id("/agency/raid"), bus::v1::ACTION_READ).ok());
}

TEST(PolicyTest, EveryRecipientMustBeAllowed) {
  PolicyView policy = Make();
  EXPECT_TRUE(Publish(policy, "/agency/doj", "case", {"/agency/ins", "/agency/hhs"}).ok());
  ExpectDenied(Publish(policy, "/agency/doj", "case", {"/agency/ins", "/auditor"}), "/auditor");
  ExpectDenied(Publish(policy, "/agency/doj", "case", {"/auditor", "/agency/ins"}), "/auditor");
  ExpectDenied(Publish(policy, "/agency/doj", "case", {"/agency/ins", "/agency/raid"}),
               "no-case-to-enforcement");
}

TEST(PolicyTest, DeniesAMessageToNobody) {
  ExpectDenied(Publish(Make(), "/agency/doj", "case", {}), "no recipient");
}

TEST(PolicyTest, EmptyListsAndTheUnspecifiedActionMatchNothing) {
  PolicyView policy = Make();
  ExpectDenied(policy.Allow(Id("/agency/ins"), bus::v1::ACTION_OPERATE), "no rule");
  ExpectDenied(Publish(policy, "/auditor", "case", {"/agency/ins"}), "no rule");
  ExpectDenied(policy.Allow(Id("/agency/ins"), bus::v1::ACTION_UNSPECIFIED), "no rule");
}

TEST(PolicyTest, PatternsMatchBelowAndNothingElse) {
  PolicyView policy = Make();
  auto pulls = [&](const std::string& identity) {
    return policy.Allow(identity, bus::v1::ACTION_PULL).ok();
  };
  EXPECT_TRUE(pulls(Id("/agency/doj")));
  EXPECT_TRUE(pulls(Id("/agency/doj/staff/7")));
  EXPECT_FALSE(pulls(Id("/agency/")));
  EXPECT_FALSE(pulls(Id("/agency")));
  EXPECT_FALSE(pulls(Id("/agencyx/doj")));
  EXPECT_FALSE(pulls(Id("/Agency/doj")));
  EXPECT_FALSE(pulls("/agency/doj"));
  EXPECT_FALSE(pulls(""));
}

TEST(PolicyTest, ExactPathMatchesItselfOnly) {
  PolicyView policy = Make();
  EXPECT_TRUE(Publish(policy, "/agency/ins", "report", {"/auditor"}).ok());
  EXPECT_FALSE(Publish(policy, "/agency/ins/staff/7", "report", {"/auditor"}).ok());
  EXPECT_FALSE(Publish(policy, "/agency/ins", "report", {"/auditor/2"}).ok());
  EXPECT_FALSE(Publish(policy, "/agency/ins", "report", {"/auditors"}).ok());
}

TEST(PolicyTest, OtherTrustDomainsHoldNoRole) {
  PolicyView policy = Make();
  auto pulls = [&](const std::string& identity) {
    return policy.Allow(identity, bus::v1::ACTION_PULL).ok();
  };
  EXPECT_FALSE(pulls("spiffe://bus.example.evil/agency/doj"));
  EXPECT_FALSE(pulls("spiffe://evil/agency/doj"));
  EXPECT_FALSE(pulls("https://bus.example/agency/doj"));
}

TEST(PolicyTest, RefusalEscapesOutsideText) {
  absl::Status status = Publish(Make(), "/agency/doj", "a\nb", {"/agency/ins"});
  ExpectDenied(status, "a\\nb");
}

struct BadPolicy {
  const char* change;  // Merged over a good policy.
  const char* problem;
};

TEST(PolicyTest, CreateRefusesEachFaultAndNamesIt) {
  const BadPolicy kFaults[] = {
      {"version: 0", "version"},
      {"roles { paths: \"/x\" }", "role"},
      {"roles { name: \"pathless\" }", "pathless"},
      {"deny { roles: \"agency\" }", "name is missing"},
      {"allow { roles: \"agency\" }", "name is missing"},
      {"deny { name: \"d\" roles: \"ghost\" }", "unknown role, got \"ghost\""},
      {"allow { name: \"a\" roles: \"ghost\" }", "unknown role, got \"ghost\""},
      {"allow { name: \"a\" recipient_roles: \"ghost\" }", "unknown role, got \"ghost\""},
      {"delivery { attempts_max: 0 }", "attempts_max"},
      {"delivery { attempts_max: 1001 }", "attempts_max"},
      {"delivery { backoff_min_ms: 9 }", "backoff_min_ms"},
      {"delivery { backoff_min_ms: 60001 }", "backoff_min_ms"},
      {"delivery { backoff_max_ms: 99 }", "backoff_max_ms"},
      {"delivery { backoff_max_ms: 3600001 }", "backoff_max_ms"},
  };
  for (const BadPolicy& fault : kFaults) {
    bus::v1::Policy policy = Text(kPolicy);
    google::protobuf::TextFormat::Parser parser;
    ASSERT_TRUE(parser.MergeFromString(fault.change, &policy)) << fault.change;
    auto made = PolicyView::Create(policy, kDomain);
    EXPECT_EQ(made.status().code(), absl::StatusCode::kInvalidArgument) << fault.change;
    EXPECT_THAT(std::string(made.status().message()), HasSubstr(fault.problem)) << fault.change;
  }
}

TEST(PolicyTest, CreateTakesTheEndsOfEachRange) {
  for (const char* change :
       {"delivery { attempts_max: 1 backoff_min_ms: 10 backoff_max_ms: 10 }",
        "delivery { attempts_max: 1000 backoff_min_ms: 60000 backoff_max_ms: 3600000 }"}) {
    bus::v1::Policy policy = Text(kPolicy);
    google::protobuf::TextFormat::Parser parser;
    ASSERT_TRUE(parser.MergeFromString(change, &policy));
    EXPECT_TRUE(PolicyView::Create(policy, kDomain).ok()) << change;
  }
}

}  // namespace
}  // namespace waystation::broker
