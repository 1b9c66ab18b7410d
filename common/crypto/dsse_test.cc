#include "common/crypto/dsse.h"

#include "gtest/gtest.h"

namespace waystation::crypto {
namespace {

TEST(DsseTest, EncodesTheExampleOfTheSpecification) {
  EXPECT_EQ(PreAuthEncoding("http://example.com/HelloWorld", "hello world"),
            "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
}

TEST(DsseTest, EncodesEmptyPartsAndCountsBytes) {
  EXPECT_EQ(PreAuthEncoding("", ""), "DSSEv1 0  0 ");
  EXPECT_EQ(PreAuthEncoding("t", "\xc3\xa9"), "DSSEv1 1 t 2 \xc3\xa9");
}

TEST(DsseTest, DigestIsThatOfTheEncoding) {
  for (size_t size : {0, 1, 9, 10, 11, 63, 64, 65, 99, 100, 8192}) {
    const std::string body(size, 'b');
    EXPECT_EQ(PreAuthDigest("type", body), Sha256(PreAuthEncoding("type", body))) << size;
  }
}

TEST(DsseTest, MovingABytesBetweenTypeAndBodyChangesTheEncoding) {
  EXPECT_NE(PreAuthEncoding("ab", "c"), PreAuthEncoding("a", "bc"));
  EXPECT_NE(PreAuthEncoding("a 1 b", "c"), PreAuthEncoding("a", "b 1 c"));
}

}  // namespace
}  // namespace waystation::crypto
