#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "common/clock/clock.h"
#include "common/status/status.h"
#include "common/tlog/policy.h"
#include "tests/bench/log_folder.h"
#include "tests/bench/must.h"
#include "tools/waystation/audit/log_check.h"
#include "tools/waystation/audit/record_source.h"
#include "tools/waystation/audit/tile_check.h"

// Records a second that `waystation audit verify` holds against their log: block
// chain, tree, checkpoints and the log's files, every tile that the log published among
// them, on a journal of messages as a busy bus writes it. Ends with 1 below the floor,
// with 2 when it was called wrongly.
//
//   bazel run -c opt //tests/bench:audit_bench -- [--records=N] [--floor=RECORDS_A_SECOND]

namespace waystation::bench {
namespace {

struct Flags {
  uint64_t records = 1'000'000;
  uint64_t floor = 50'000;  // What is promised; 0 on a machine that proves nothing.
};

bool TakeFlag(std::string_view flag, std::string_view name, uint64_t* value) {
  if (!flag.starts_with(name)) return false;
  return absl::SimpleAtoi(Absl(flag.substr(name.size())), value);
}

bool ParseFlags(int argc, char** argv, Flags* flags) {
  for (int i = 1; i < argc; ++i) {
    if (TakeFlag(argv[i], "--records=", &flags->records)) continue;
    if (TakeFlag(argv[i], "--floor=", &flags->floor)) continue;
    std::cerr << "audit_bench: " << argv[i] << ": want --records=N or --floor=N\n";
    return false;
  }
  return true;
}

// Records a second.
double Measure(const std::string& dir, uint64_t records) {
  std::string policy_text;
  uint64_t published_size = 0;
  {
    LogFolder folder(dir);
    folder.Fill(records);
    policy_text = folder.policy();
    published_size = folder.published_size();
  }
  const tlog::Policy policy = Must(tlog::Policy::Parse(policy_text));
  const SystemClock clock;
  const absl::Duration begin = clock.Monotonic();
  cli::LogCheck check(policy, std::make_unique<cli::TileCheck>(dir + "/audit-log", published_size));
  cli::FolderRecords source(dir + "/journal");
  Must(source.ForEach([&](std::string_view record) { return check.Take(record); }));
  Must(check.Finish());
  const double seconds = absl::ToDoubleSeconds(clock.Monotonic() - begin);
  cli::v1::AuditReport report;
  check.Fill(&report);
  const double rate = static_cast<double>(report.records()) / seconds;
  absl::PrintF("%d records, %d checkpoints, %d tiles in %.1f s: %.0f records a second\n",
               report.records(), report.checkpoints(), report.tiles(), seconds, rate);
  return rate;
}

int Run(const Flags& flags) {
  std::string dir = (std::filesystem::temp_directory_path() / "audit_bench.XXXXXX").string();
  if (mkdtemp(dir.data()) == nullptr) Fatal("mkdtemp: failed");
  const double rate = Measure(dir, flags.records);
  std::filesystem::remove_all(dir);
  if (rate >= static_cast<double>(flags.floor)) return 0;
  absl::FPrintF(stderr, "audit_bench: too slow, got %.0f records a second, want at least %d\n",
                rate, flags.floor);
  return 1;
}

}  // namespace
}  // namespace waystation::bench

int main(int argc, char** argv) {
  waystation::bench::Flags flags;
  if (!waystation::bench::ParseFlags(argc, argv, &flags)) return 2;
  return waystation::bench::Run(flags);
}
