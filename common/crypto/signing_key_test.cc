#include "common/crypto/signing_key.h"

#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::crypto {
namespace {

using testing::HasSubstr;
using testing::Not;

// Published keys of other kinds, made for this test; they protect nothing.
constexpr char kP384Pem[] = R"(-----BEGIN PRIVATE KEY-----
MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDDGFHoiQrDLsgvyhC4R
62Ci03/nyXtZW2kv2sQwgZSqj2N9giHL/oHCcDjWg0fIXcOhZANiAATi0/due0mX
Pj+0kf4Ft3g3HVaiKbv5utuHehwaPC/4UDDk7ZQwVIqIltOSDKwJqMtjqpOgqADw
Vh6xtd5M4OPxmcEZ9wLB/rblhXLHfW3YXN11vspy2nG8e8WiJsXrWP8=
-----END PRIVATE KEY-----
)";
constexpr char kEd25519Pem[] = R"(-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIC6TD74qpEo8Re/wTu8YXs9YDiZkB/4pvmvqpwJKX3QF
-----END PRIVATE KEY-----
)";
constexpr char kEncryptedPem[] = R"(-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAi5vYAox4/8xwICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEF+YxvFWyoZUhAfYm9pDsicEgZD3
N8tsX6U4SWfBLvV6RWqVprjTQcE1vilDtYabNqbKRTAC/QY1i0qAO5XHvtYAB3c1
IZRCIrA1c2nh33n9mBZwdpmyuIevrHMdp8WToqCj7x+S4ebif3XxPBjWtXd5OGDy
TCB4tszCnPhEAkziuOv7v023wnumHDVSH/nhrz6/ALwu/levP8PeoqiHYie2dqY=
-----END ENCRYPTED PRIVATE KEY-----
)";
constexpr char kSec1Pem[] = R"(-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIJkcQ8rEoKVGAiL0dx7WarUFPML4mpg+fo1wIJMQURMtoAoGCCqGSM49
AwEHoUQDQgAEX3q/IH7unrDn2YqUlsYnpwUt6U5+TPeFur3NcaINvEZgvdgr4B2e
0Ry1sIHVnksddj2SVslClifDSEjj6Zb89w==
-----END EC PRIVATE KEY-----
)";

TEST(SigningKeyTest, PemGivesTheSameKeyBack) {
  absl::StatusOr<SigningKey> key = SigningKey::Generate();
  ASSERT_TRUE(key.ok()) << key.status();
  absl::StatusOr<std::string> pem = key->ToPem();
  ASSERT_TRUE(pem.ok()) << pem.status();
  EXPECT_THAT(*pem, HasSubstr("-----BEGIN PRIVATE KEY-----"));
  absl::StatusOr<SigningKey> again = SigningKey::FromPem(*pem);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->public_key_der(), key->public_key_der());
  EXPECT_NE(SigningKey::Generate()->public_key_der(), key->public_key_der());
}

TEST(SigningKeyTest, ReadsTheOlderSec1Form) { EXPECT_TRUE(SigningKey::FromPem(kSec1Pem).ok()); }

TEST(SigningKeyTest, RefusesBadPem) {
  const std::string good = *SigningKey::Generate()->ToPem();
  struct Case {
    const char* name;
    std::string pem;
    const char* text;
  };
  const Case kCases[] = {
      {"empty", "", "not an unencrypted PEM private key"},
      {"no PEM", "key", "not an unencrypted PEM private key"},
      {"cut", good.substr(0, good.size() / 2), "not an unencrypted PEM private key"},
      {"doubled", good + good, "more than one"},
      {"huge", good + std::string(20'000, '\n'), "too long"},
      {"encrypted", kEncryptedPem, "not an unencrypted PEM private key"},
      {"P-384", kP384Pem, "want EC P-256"},
      {"Ed25519", kEd25519Pem, "want EC P-256"},
  };
  for (const Case& c : kCases) {
    absl::Status status = SigningKey::FromPem(c.pem).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << c.name << ": " << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.text)) << c.name;
  }
}

TEST(SigningKeyTest, ErrorTextHoldsNoKeyBytes) {
  std::string pem = *SigningKey::Generate()->ToPem();
  const std::string inside = pem.substr(40, 16);
  pem.erase(100, 3);
  absl::Status status = SigningKey::FromPem(pem).status();
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.ToString(), Not(HasSubstr(inside)));
}

TEST(SigningKeyTest, SignsAfterBeingMovedAndEachTimeDifferently) {
  SigningKey first = *SigningKey::Generate();
  const std::string public_key = first.public_key_der();
  SigningKey key = std::move(first);
  EXPECT_EQ(key.public_key_der(), public_key);
  const Digest digest = Sha256("x");
  absl::StatusOr<std::string> a = key.SignDigest(digest);
  absl::StatusOr<std::string> b = key.SignDigest(digest);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_NE(*a, *b);
  EXPECT_LE(a->size(), 72u);
}

}  // namespace
}  // namespace waystation::crypto
