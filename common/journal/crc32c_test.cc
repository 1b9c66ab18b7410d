#include "common/journal/crc32c.h"

#include <random>
#include <string>

#include "gtest/gtest.h"

namespace waystation::journal {
namespace {

// RFC 3720, appendix B.4, as numbers (the RFC prints the bytes little endian).
TEST(Crc32cTest, GivesTheVectorsOfRfc3720) {
  std::string rising, falling;
  for (int i = 0; i < 32; i++) {
    rising.push_back(static_cast<char>(i));
    falling.push_back(static_cast<char>(31 - i));
  }
  const unsigned char read_command[48] = {
      0x01, 0xc0, 0, 0,    0, 0, 0, 0,    0,    0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, 0, 0, 0x04, 0,
      0,    0,    0, 0x14, 0, 0, 0, 0x18, 0x28, 0, 0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0, 0, 0,    0};
  const std::pair<std::string, uint32_t> vectors[] = {
      {std::string(32, '\0'), 0x8a9136aa},
      {std::string(32, '\xff'), 0x62a8ab43},
      {rising, 0x46dd794e},
      {falling, 0x113fdb5c},
      {std::string(reinterpret_cast<const char*>(read_command), 48), 0xd9963a56},
      {"123456789", 0xe3069283},
      {"", 0},
  };
  for (const auto& [bytes, crc] : vectors) {
    EXPECT_EQ(Crc32c(bytes), crc);
    EXPECT_EQ(ExtendCrc32cFromTables(0, bytes), crc);
  }
}

TEST(Crc32cTest, PiecesGiveTheSameAsTheWholeAndTablesTheSameAsTheProcessor) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 500; round++) {
    std::string bytes(random() % 600, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    const std::string_view all = bytes;
    const size_t cut = random() % (bytes.size() + 1);
    const uint32_t whole = Crc32c(all);
    EXPECT_EQ(ExtendCrc32c(Crc32c(all.substr(0, cut)), all.substr(cut)), whole);
    EXPECT_EQ(
        ExtendCrc32cFromTables(ExtendCrc32cFromTables(0, all.substr(0, cut)), all.substr(cut)),
        whole);
  }
}

}  // namespace
}  // namespace waystation::journal
