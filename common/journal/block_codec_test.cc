#include "common/journal/block_codec.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace waystation::journal {
namespace {

constexpr BlockPlace kPlace{.segment = 3, .sector = 7};

struct Encoded {
  BlockHeader header;
  std::string sectors;
  std::vector<PayloadLocator> payloads;
};

Encoded EncodeOne(const std::vector<std::string_view>& records,
                  const std::vector<std::string_view>& payloads) {
  const BlockToAppend block{
      .expected_sequence = 5, .epoch = 2, .records = records, .payloads = payloads};
  Encoded encoded{.header = DescribeBlock(block, Head{.next_sequence = 5, .block_number = 9}),
                  .sectors = {},
                  .payloads = {}};
  BlockEncoder encoder;
  encoded.sectors =
      encoder.Encode(block, kPlace, SectorSeal(JournalId{}, 3), encoded.header, encoded.payloads);
  return encoded;
}

TEST(BlockCodecTest, ReadsWhatItWroteAtEverySectorBorder) {
  for (size_t size = 300; size < 1600; size++) {
    const std::string record(size, 'r');
    const std::string payload(1700 - size, 'p');
    const Encoded encoded = EncodeOne({record, "x"}, {payload, ""});
    ASSERT_EQ(encoded.sectors.size(), encoded.header.sectors() * kSectorBytes);
    auto header = DecodeHeader(std::string_view(encoded.sectors).substr(kSectorCrcBytes));
    ASSERT_TRUE(header.ok()) << header.status();
    BlockDecoder decoder;
    auto block = decoder.Decode(*header, kPlace, encoded.sectors);
    ASSERT_TRUE(block.ok()) << block.status();
    EXPECT_EQ((*block)->number, 10u);
    EXPECT_EQ((*block)->first_sequence, 5u);
    EXPECT_EQ((*block)->records, (std::vector<std::string_view>{record, "x"}));
    EXPECT_EQ((*block)->payloads, encoded.payloads);
  }
}

TEST(BlockCodecTest, SectorVerifiesInItsOwnPlaceAlone) {
  const Encoded encoded = EncodeOne({std::string_view("r")}, {});
  const char* sector = encoded.sectors.data();
  EXPECT_TRUE(SectorSeal(JournalId{}, 3).Verifies(sector, 10, 0));
  EXPECT_FALSE(SectorSeal(JournalId{}, 3).Verifies(sector, 10, 1));
  EXPECT_FALSE(SectorSeal(JournalId{}, 3).Verifies(sector, 11, 0));
  EXPECT_FALSE(SectorSeal(JournalId{}, 4).Verifies(sector, 10, 0));
  EXPECT_FALSE(SectorSeal(JournalId{1}, 3).Verifies(sector, 10, 0));
}

TEST(BlockCodecTest, RecordsAreUnderTheHashAndPayloadsAreNot) {
  Encoded encoded = EncodeOne({std::string_view("record")}, {std::string_view("payload")});
  const size_t payload = encoded.payloads[0].offset - kPlace.sector * kSectorBytes;
  BlockDecoder decoder;
  encoded.sectors[payload] ^= 1;
  EXPECT_TRUE(decoder.Decode(encoded.header, kPlace, encoded.sectors).ok());
  encoded.sectors[kSectorCrcBytes + kHeaderBytes + 4] ^= 1;
  EXPECT_TRUE(absl::IsDataLoss(decoder.Decode(encoded.header, kPlace, encoded.sectors).status()));
}

TEST(BlockCodecTest, EveryHeaderFieldIsUnderTheHash) {
  const Encoded encoded = EncodeOne({std::string_view("record")}, {std::string_view("payload")});
  for (auto change : std::vector<void (*)(BlockHeader&)>{
           [](BlockHeader& h) { h.number++; }, [](BlockHeader& h) { h.first_sequence++; },
           [](BlockHeader& h) { h.epoch++; }, [](BlockHeader& h) { h.unix_us++; },
           [](BlockHeader& h) { h.previous_hash[31] ^= 1; }, [](BlockHeader& h) { h.hash[0] ^= 1; },
           [](BlockHeader& h) { h.record_bytes--; }, [](BlockHeader& h) { h.payload_bytes--; },
           [](BlockHeader& h) { h.record_count--; }, [](BlockHeader& h) { h.payload_count--; }}) {
    BlockHeader changed = encoded.header;
    change(changed);
    BlockDecoder decoder;
    EXPECT_TRUE(absl::IsDataLoss(decoder.Decode(changed, kPlace, encoded.sectors).status()));
  }
}

TEST(BlockCodecTest, LaterFormatVersionIsNotDataLoss) {
  std::string header = EncodeHeader(EncodeOne({}, {}).header);
  header[4] = 2;
  EXPECT_TRUE(absl::IsFailedPrecondition(DecodeHeader(header).status()));
}

}  // namespace
}  // namespace waystation::journal
