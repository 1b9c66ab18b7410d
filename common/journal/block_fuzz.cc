// The block decoder on any data whose sector checksums are right: what a disk
// or a forger that knows CRC32C can offer. The hash is put right as well, so
// that the fuzzer gets past it.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/journal/block_codec.h"
#include "common/status/status.h"

namespace waystation::journal {
namespace {

void PutHashRight(const BlockHeader& header, std::string& data) {
  const uint64_t section = header.record_section_bytes();
  if (data.size() < kHeaderBytes + section) return;
  const std::string_view all = data;
  crypto::Sha256Hasher hasher;
  hasher.Update(all.substr(0, kHashedHeaderBytes));
  hasher.Update(all.substr(kHeaderBytes, section));
  const crypto::Digest hash = hasher.Finish();
  data.replace(kHashedHeaderBytes, hash.size(), crypto::AsBytes(hash));
}

void CheckDecoded(const BlockHeader& header, const Block& block) {
  uint64_t record_bytes = 0;
  for (std::string_view record : block.records) record_bytes += record.size();
  uint64_t payload_bytes = 0;
  for (const PayloadLocator& payload : block.payloads) payload_bytes += payload.size;
  WS_CHECK(record_bytes == header.record_bytes);
  WS_CHECK(payload_bytes == header.payload_bytes);
  WS_CHECK(HashBlock(header, block.records) == header.hash);
}

void DecodeOne(std::string data) {
  auto header = DecodeHeader(data);
  if (!header.ok()) return;
  PutHashRight(*header, data);
  header = DecodeHeader(data);
  WS_CHECK(header.ok());
  WS_CHECK(header->sectors() <= kBlockSectorsMax);
  SectorWriter writer;
  writer.Begin(data.size());
  writer.Put(data);
  const std::string_view sectors = writer.Finish(SectorSeal(JournalId{}, 1), header->number);
  BlockDecoder decoder;
  auto block = decoder.Decode(*header, {.segment = 1, .sector = 1}, sectors);
  if (block.ok()) CheckDecoded(*header, **block);
}

}  // namespace
}  // namespace waystation::journal

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  waystation::journal::DecodeOne(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
