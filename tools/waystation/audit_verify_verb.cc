#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/log_follower/former_logs.h"
#include "common/status/status.h"
#include "tools/waystation/audit/log_check.h"
#include "tools/waystation/audit/record_source.h"
#include "tools/waystation/audit/signature_check.h"
#include "tools/waystation/evidence_source.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/files.h"
#include "tools/waystation/text.h"
#include "tools/waystation/verbs.h"
#include "waystation/audit/v1/log_service.grpc.pb.h"

namespace waystation::cli {
namespace {

namespace fs = std::filesystem;
using audit::v1::LogService;

constexpr absl::Duration kBetweenAsks = absl::Milliseconds(200);
constexpr absl::Duration kBetweenLines = absl::Milliseconds(100);

struct VerifyOptions {
  std::string data;
  std::string policy;
  std::string checkpoint;
  std::string roots;
  std::string crl;
  bool signatures = false;
};

void DeclareVerify(CLI::App& verb, VerifyOptions& options) {
  verb.add_option("--data", options.data,
                  "Folder of a broker, or a copy of it or of its journal; read only (default: "
                  "the running broker). Its file checkpoint may be one behind the journal's "
                  "newest, as a kill between the two leaves it, and no more");
  verb.add_option("--policy", options.policy,
                  "Log and cosigners to believe, a tlog-policy (default: the profile's)");
  verb.add_option("--checkpoint", options.checkpoint,
                  "A cosigned checkpoint that somebody else holds: the journal must have it. "
                  "Without one, a folder that was taken back whole, journal and log, only looks "
                  "older");
  verb.add_flag("--signatures", options.signatures,
                "Also every signature inside the records; takes longer, told apart");
  verb.add_option("--roots", options.roots, "Roots to believe, PEM (default: the profile's)");
  verb.add_option("--crl", options.crl, "Revocation lists, PEM (default: the profile's)");
}

// "verified 120,000 records", on one line of a terminal, and none in a pipe.
class Progress {
 public:
  Progress(const Clock& clock, std::string_view what)
      : clock_(clock), what_(what), on_(isatty(STDERR_FILENO) == 1), begin_(clock.Monotonic()) {}
  ~Progress() {
    if (on_) std::cerr << "\r\x1b[K" << std::flush;
  }

  void Count() {
    // The clock costs more than a small record.
    if (++count_ % 1'024 != 0 || !on_) return;
    const absl::Duration now = clock_.Monotonic();
    if (now - told_ < kBetweenLines) return;
    told_ = now;
    std::cerr << "\r" << what_ << ": " << count_ << " records, " << PerSecond(count_) << " a second"
              << std::flush;
  }

  uint64_t PerSecond(uint64_t count) const {
    const double seconds = absl::ToDoubleSeconds(clock_.Monotonic() - begin_);
    return seconds <= 0 ? count : static_cast<uint64_t>(static_cast<double>(count) / seconds);
  }
  uint64_t count() const { return count_; }

 private:
  const Clock& clock_;
  const std::string what_;
  const bool on_;
  const absl::Duration begin_;
  absl::Duration told_ = absl::ZeroDuration();
  uint64_t count_ = 0;
};

// What did not hold has one exit code, whichever layer found it.
absl::Status AsVerdict(const absl::Status& status) {
  const bool verdict = absl::IsDataLoss(status) || absl::IsUnauthenticated(status) ||
                       absl::IsInvalidArgument(status);
  return verdict ? Unverified(std::string(status.message())) : status;
}

// The parts of a broker's folder; the files of the log are missing where only a
// journal was copied.
struct Folder {
  std::string journal;
  std::string audit_log;  // Empty when there is none.
};

Folder FolderOf(const std::string& data) {
  std::error_code error;
  for (const std::string& top : {data, data + "/broker"}) {
    if (!fs::is_directory(top + "/journal", error)) continue;
    const std::string log = top + "/audit-log";
    return {top + "/journal", fs::is_directory(log, error) ? log : ""};
  }
  return {data, ""};
}

// The newest checkpoints as the broker publishes them. Waits for a cosigned one.
absl::StatusOr<audit::v1::GetCheckpointResponse> AskForCheckpoint(const Session& session,
                                                                  const Remote& broker) {
  auto stub = LogService::NewStub(broker.channel);
  const absl::Duration deadline = session.clock.Monotonic() + session.timeout;
  while (true) {
    auto response =
        Call(broker, *stub, &LogService::Stub::GetCheckpoint, audit::v1::GetCheckpointRequest());
    const bool again = ReasonOf(response.status()) == "NO_CHECKPOINT" ||
                       (response.ok() && response->cosigned().empty());
    if (!again || session.clock.Monotonic() >= deadline) return response;
    std::this_thread::sleep_for(absl::ToChronoMilliseconds(kBetweenAsks));
  }
}

absl::Status Run(RecordSource& records, LogCheck& check, uint64_t until_size, Progress& progress) {
  return records.ForEach([&](std::string_view record) {
    WS_RETURN_IF_ERROR(check.Take(record));
    progress.Count();
    return check.signed_size() >= until_size ? RecordSource::Enough() : absl::OkStatus();
  });
}

absl::Status CheckSignatures(Session& session, RecordSource& records, const VerifyOptions& options,
                             v1::AuditReport* report) {
  std::string roots = options.roots;
  std::string crl = options.crl;
  if (roots.empty() || crl.empty()) {
    WS_ASSIGN_OR_RETURN(Profile profile, session.LoadProfile());
    if (roots.empty()) roots = profile.data().roots_path();
    if (crl.empty()) crl = profile.data().crl_path();
  }
  WS_ASSIGN_OR_RETURN(std::string roots_pem, ReadWholeFile(roots));
  WS_ASSIGN_OR_RETURN(std::string crl_pem, ReadWholeFile(crl));
  WS_ASSIGN_OR_RETURN(auto trust,
                      crypto::TrustStore::Create(roots_pem, crl_pem, absl::ZeroDuration()));
  SignatureCheck check(std::move(trust));
  Progress progress(session.clock, "signatures");
  auto take = [&](std::string_view record) {
    WS_RETURN_IF_ERROR(check.Take(record));
    progress.Count();
    return progress.count() >= report->records() ? RecordSource::Enough() : absl::OkStatus();
  };
  WS_RETURN_IF_ERROR(records.ForEach(take));
  report->set_signatures(check.verified());
  report->set_signatures_per_second(progress.PerSecond(check.verified()));
  return absl::OkStatus();
}

absl::Status Show(Session& session, const v1::AuditReport& report) {
  const v1::EvidenceCheckpoint& checkpoint = report.checkpoint();
  std::string cosigners;
  for (const v1::EvidenceCosigner& one : checkpoint.cosigners()) {
    absl::StrAppend(&cosigners, cosigners.empty() ? "" : ", ", one.name());
  }
  std::vector<std::pair<std::string, Cell>> fields = {
      {"source", report.source()},
      {"records", absl::StrCat(report.records(), ", the last of ", TimeText(report.last_time()))},
      {"leaves", absl::StrCat(report.leaves(), ", ", report.unsigned_leaves(), " not signed yet")},
      {"checkpoints",
       absl::StrCat(report.checkpoints(), ", the newest of ", checkpoint.size(), " leaves")},
      {"root", checkpoint.root()},
      {"cosigned", report.cosigned_size() == 0
                       ? "none was shown"
                       : absl::StrCat(report.cosigned_size(), " leaves, by ", cosigners)},
      {"tiles", report.tiles() == 0 ? "none was shown" : absl::StrCat(report.tiles())},
      {"speed", absl::StrCat(report.records_per_second(), " records a second")}};
  if (report.signatures() > 0) {
    fields.emplace_back("signatures", absl::StrCat(report.signatures(), ", ",
                                                   report.signatures_per_second(), " a second"));
  }
  fields.emplace_back("verdict", Cell("VERIFIED", Tone::kGood));
  session.out.Show(report, fields);
  if (report.published_size() != 0 && report.published_size() < checkpoint.size()) {
    session.out.Say(absl::StrCat("the log's file checkpoint is one behind, of ",
                                 report.published_size(),
                                 " leaves: killed or copied between the journal and the file"));
  }
  if (report.torn()) session.out.Say("the last block is not whole: cut off, or being written");
  return absl::OkStatus();
}

// Notes that were shown must be of this journal's history.
absl::Status CheckNotes(LogCheck& check, const VerifyOptions& options, const Folder* folder) {
  if (folder != nullptr && !folder->audit_log.empty()) {
    auto note = ReadWholeFile(folder->audit_log + "/checkpoint");
    if (!note.ok() && !absl::IsNotFound(note.status())) return note.status();
    if (note.ok()) WS_RETURN_IF_ERROR(check.Holds("file checkpoint", *note, false));
    if (note.ok()) WS_RETURN_IF_ERROR(check.IsNewest("file checkpoint", *note));
  }
  if (options.checkpoint.empty()) return absl::OkStatus();
  WS_ASSIGN_OR_RETURN(std::string note, ReadWholeFile(options.checkpoint));
  return check.Holds(options.checkpoint, note, true);
}

// Of the checkpoint that the log shows; 0 for none, and for one that CheckNotes will
// name.
uint64_t PublishedSize(const Folder& folder, const tlog::Policy& policy) {
  auto note = ReadWholeFile(folder.audit_log + "/checkpoint");
  if (!note.ok()) return 0;
  auto opened = policy.Open(*note);
  return opened.ok() ? opened->checkpoint.size : 0;
}

// The log to believe, and those that it was begun in place of.
struct Believed {
  tlog::Policy policy;
  std::vector<tlog::VerifierKey> former_keys;
};

absl::Status VerifyFolder(Session& session, const VerifyOptions& options,
                          const Believed& believed) {
  const tlog::Policy& policy = believed.policy;
  const Folder folder = FolderOf(options.data);
  v1::AuditReport report;
  report.set_source(folder.journal);
  std::unique_ptr<TileCheck> tiles;
  if (!folder.audit_log.empty()) {
    report.set_published_size(PublishedSize(folder, policy));
    tiles = std::make_unique<TileCheck>(folder.audit_log, report.published_size());
  }
  LogCheck check(policy, std::move(tiles), believed.former_keys);
  FolderRecords records(folder.journal);
  {
    Progress progress(session.clock, "verified");
    WS_RETURN_IF_ERROR(Run(records, check, UINT64_MAX, progress));
    WS_RETURN_IF_ERROR(check.Finish());
    report.set_records_per_second(progress.PerSecond(progress.count()));
  }
  WS_RETURN_IF_ERROR(CheckNotes(check, options, &folder));
  check.Fill(&report);
  report.set_torn(records.torn());
  if (options.signatures) {
    WS_RETURN_IF_ERROR(CheckSignatures(session, records, options, &report));
  }
  return Show(session, report);
}

absl::Status VerifyLive(Session& session, const VerifyOptions& options, const Believed& believed) {
  const tlog::Policy& policy = believed.policy;
  WS_ASSIGN_OR_RETURN(Profile profile, session.LoadProfile());
  WS_ASSIGN_OR_RETURN(Remote broker, ConnectAsAuditor(session, profile));
  WS_ASSIGN_OR_RETURN(auto published, AskForCheckpoint(session, broker));
  WS_ASSIGN_OR_RETURN(auto newest, policy.Open(published.checkpoint()));
  LogCheck check(policy, nullptr, believed.former_keys);
  StreamedRecords records(broker);
  v1::AuditReport report;
  report.set_source(broker.name);
  report.set_published_size(newest.checkpoint.size);
  {
    Progress progress(session.clock, "verified");
    WS_RETURN_IF_ERROR(Run(records, check, newest.checkpoint.size, progress));
    report.set_records_per_second(progress.PerSecond(progress.count()));
  }
  WS_RETURN_IF_ERROR(check.Holds("published checkpoint", published.checkpoint(), false));
  const std::string& cosigned =
      published.cosigned().empty() ? published.checkpoint() : published.cosigned();
  WS_RETURN_IF_ERROR(check.Holds("cosigned checkpoint", cosigned, true));
  WS_RETURN_IF_ERROR(CheckNotes(check, options, nullptr));
  check.Fill(&report);
  if (options.signatures) {
    WS_RETURN_IF_ERROR(CheckSignatures(session, records, options, &report));
  }
  return Show(session, report);
}

absl::Status RunVerify(Session& session, const VerifyOptions& options) {
  std::string path = options.policy;
  if (path.empty()) {
    WS_ASSIGN_OR_RETURN(Profile profile, session.LoadProfile());
    WS_ASSIGN_OR_RETURN(path, LogPolicyPath(profile));
  }
  WS_ASSIGN_OR_RETURN(std::string text, ReadWholeFile(path));
  WS_ASSIGN_OR_RETURN(tlog::Policy policy, tlog::Policy::Parse(text));
  if (policy.log_keys().empty()) {
    return absl::InvalidArgumentError(Problem(path, "names no log", "", "a log line"));
  }
  WS_ASSIGN_OR_RETURN(std::vector<tlog::VerifierKey> former, LoadFormerLogKeys(path));
  const Believed believed{std::move(policy), std::move(former)};
  return AsVerdict(options.data.empty() ? VerifyLive(session, options, believed)
                                        : VerifyFolder(session, options, believed));
}

}  // namespace

void AddAuditVerifyVerb(CLI::App& audit, Chosen& chosen) {
  AddVerb<VerifyOptions>(audit, chosen, "verify",
                         "Every record, leaf, checkpoint and tile of the log: do they fit",
                         DeclareVerify, RunVerify);
}

}  // namespace waystation::cli
