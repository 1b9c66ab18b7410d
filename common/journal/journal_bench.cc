// How fast blocks become durable: bazel run -c opt //common/journal:journal_bench
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "common/journal/block_codec.h"
#include "common/journal/crc32c.h"
#include "common/journal/segment_journal.h"
#include "common/status/status.h"

namespace waystation::journal {
namespace {

constexpr size_t kRecordBytes = 256;
constexpr size_t kPayloadBytes = 1024;

// A block of `n` records and as many payloads.
struct Load {
  explicit Load(size_t n)
      : record(kRecordBytes, 'r'),
        payload(kPayloadBytes, 'p'),
        records(n, record),
        payloads(n, payload) {}

  BlockToAppend block(uint64_t sequence) const {
    return {.expected_sequence = sequence,
            .epoch = 1,
            .time = absl::UnixEpoch(),
            .records = records,
            .payloads = payloads};
  }

  std::string record, payload;
  std::vector<std::string_view> records, payloads;
};

void Count(benchmark::State& state, size_t records) {
  const auto total = static_cast<int64_t>(state.iterations() * records);
  state.SetItemsProcessed(total);
  state.SetBytesProcessed(total * static_cast<int64_t>(kRecordBytes + kPayloadBytes));
}

// Bytes into sectors, with all checksums and the hash; no disk.
void BM_Encode(benchmark::State& state) {
  const Load load(static_cast<size_t>(state.range(0)));
  const SectorSeal seal(JournalId{}, 1);
  BlockEncoder encoder;
  for (auto _ : state) {
    BlockHeader header = DescribeBlock(load.block(1), Head());
    std::vector<PayloadLocator> payloads;
    benchmark::DoNotOptimize(encoder.Encode(load.block(1), {1, 1}, seal, header, payloads));
  }
  Count(state, load.records.size());
}
BENCHMARK(BM_Encode)->Arg(1)->Arg(16)->Arg(64)->Arg(256);

// Until durable: one write, one fdatasync.
void BM_Append(benchmark::State& state) {
  std::string directory = (std::filesystem::temp_directory_path() / "bench-XXXXXX").string();
  WS_CHECK(mkdtemp(directory.data()) != nullptr);
  {
    auto journal = SegmentJournal::Open({.directory = directory});
    WS_CHECK(journal.ok());
    const Load load(static_cast<size_t>(state.range(0)));
    for (auto _ : state) {
      AppendOutcome outcome = (*journal)->Append(load.block((*journal)->head().next_sequence));
      WS_CHECK(outcome.committed());
    }
    Count(state, load.records.size());
  }
  std::filesystem::remove_all(directory);
}
BENCHMARK(BM_Append)->Arg(1)->Arg(16)->Arg(64)->Arg(256)->UseRealTime();

void BM_Crc32c(benchmark::State& state) {
  const std::string bytes(static_cast<size_t>(state.range(0)), 'x');
  for (auto _ : state) benchmark::DoNotOptimize(Crc32c(bytes));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_Crc32c)->Arg(508)->Arg(65536);

}  // namespace
}  // namespace waystation::journal

BENCHMARK_MAIN();
