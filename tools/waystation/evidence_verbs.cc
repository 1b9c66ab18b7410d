#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "common/status/status.h"
#include "tools/waystation/evidence/evidence_check.h"
#include "tools/waystation/evidence_source.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/files.h"
#include "tools/waystation/text.h"
#include "tools/waystation/verbs.h"

namespace waystation::cli {
namespace {

struct ExportOptions {
  std::string referral;
  std::string out;
};

struct VerifyOptions {
  std::string directory;
  std::string roots;
  std::string crl;
  std::string policy;
  bool trust_directory = false;
};

void DeclareExport(CLI::App& verb, ExportOptions& options) {
  verb.add_option("REFERRAL", options.referral, "Referral, 32 hexadecimal digits")->required();
  verb.add_option("--out", options.out, "Directory to make (default: evidence-<referral>)");
}

void DeclareVerify(CLI::App& verb, VerifyOptions& options) {
  verb.add_option("DIR", options.directory, "Directory that evidence export made")->required();
  verb.add_option("--roots", options.roots, "Roots to believe, PEM (default: the profile's)");
  verb.add_option("--crl", options.crl,
                  "Revocation lists, PEM (default: the profile's, else the directory's, which "
                  "the roots have signed)");
  verb.add_option("--policy", options.policy,
                  "Log and cosigners to believe, a tlog-policy (default: the profile's)");
  verb.add_flag("--trust-directory", options.trust_directory,
                "Believe the directory's own roots and policy: shows that it fits together, "
                "not whose it is");
}

struct Source {
  std::string text;
  std::string from;
};

// What is believed, and where it came from.
struct Believed {
  EvidenceTrust trust;
  Source roots;
  Source policy;
};

absl::StatusOr<Source> FromFile(const std::string& path, std::string_view whose) {
  WS_ASSIGN_OR_RETURN(std::string text, ReadWholeFile(path));
  return Source{std::move(text), absl::StrCat(path, Absl(whose))};
}

absl::StatusOr<Source> FromDirectory(const Evidence& evidence, const char* file) {
  auto found = evidence.files.find(file);
  if (found == evidence.files.end()) return Unverified(Problem(file, "missing"));
  return Source{found->second, absl::StrCat(file, " of the directory, which nobody vouches for")};
}

absl::Status NothingToBelieve() {
  return WithNext(
      UsageError(Problem("evidence verify", "no roots and no log policy to believe", "",
                         "--roots FILE and --policy FILE, a profile, or --trust-directory")),
      "waystation evidence verify --help");
}

// The profile, when something is to come from it; nothing when all is named.
absl::StatusOr<std::optional<Profile>> ProfileFor(Session& session, const VerifyOptions& options) {
  const bool all_named = !options.roots.empty() && !options.policy.empty();
  if (all_named || options.trust_directory) return std::nullopt;
  absl::StatusOr<Profile> profile = session.LoadProfile();
  if (absl::IsFailedPrecondition(profile.status())) return NothingToBelieve();
  WS_RETURN_IF_ERROR(profile.status());
  return *std::move(profile);
}

absl::StatusOr<Source> RootsOf(const VerifyOptions& options, const std::optional<Profile>& profile,
                               const Evidence& evidence) {
  if (!options.roots.empty()) return FromFile(options.roots, "");
  if (!profile.has_value()) return FromDirectory(evidence, kRootsFile);
  return FromFile(profile->data().roots_path(), " (profile)");
}

absl::StatusOr<Source> PolicyOf(const VerifyOptions& options, const std::optional<Profile>& profile,
                                const Evidence& evidence) {
  if (!options.policy.empty()) return FromFile(options.policy, "");
  if (!profile.has_value()) return FromDirectory(evidence, kLogPolicyFile);
  WS_ASSIGN_OR_RETURN(std::string path, LogPolicyPath(*profile));
  return FromFile(path, " (profile)");
}

absl::StatusOr<Source> CrlOf(const VerifyOptions& options, const std::optional<Profile>& profile,
                             const Evidence& evidence) {
  if (!options.crl.empty()) return FromFile(options.crl, "");
  // Of one authority with the roots, so only together with them.
  if (profile.has_value() && options.roots.empty()) {
    return FromFile(profile->data().crl_path(), " (profile)");
  }
  return FromDirectory(evidence, kCrlFile);
}

absl::StatusOr<Believed> WhomToBelieve(Session& session, const VerifyOptions& options,
                                       const Evidence& evidence) {
  WS_ASSIGN_OR_RETURN(std::optional<Profile> profile, ProfileFor(session, options));
  WS_ASSIGN_OR_RETURN(Source roots, RootsOf(options, profile, evidence));
  WS_ASSIGN_OR_RETURN(Source policy_text, PolicyOf(options, profile, evidence));
  WS_ASSIGN_OR_RETURN(Source crl, CrlOf(options, profile, evidence));
  WS_ASSIGN_OR_RETURN(tlog::Policy policy, tlog::Policy::Parse(policy_text.text));
  auto trust = crypto::TrustStore::Create(roots.text, crl.text, absl::ZeroDuration());
  if (!trust.ok()) return Unverified(std::string(trust.status().message()));
  const std::string broker = profile.has_value() ? profile->data().broker().identity() : "";
  return Believed{{*std::move(trust), std::move(policy), broker}, roots, policy_text};
}

std::string WhatWords(const v1::EvidenceRow& row) {
  std::string words = Words(row.transition());
  for (const v1::VerifiedReceipt& receipt : row.receipts()) {
    absl::StrAppend(&words, words.empty() ? "" : ": ", "receipt, ", Words(receipt.outcome()));
  }
  return words;
}

Cell VerdictCell(const v1::EvidenceRow& row) {
  if (row.transition() == types::v1::TRANSITION_EXPIRE) {
    return {"the broker's own; the signed expire time had passed", Tone::kQuiet};
  }
  return row.verified() ? Cell("verified", Tone::kGood) : Cell("FAILED", Tone::kBad);
}

Table RowTable(const v1::EvidenceReport& report) {
  Table table{{"RECORD", "WHEN", "WHO", "WHAT", "STATE", "LEAF", "EVIDENCE"}, {}};
  for (const v1::EvidenceRow& row : report.rows()) {
    const bool in_log = row.transition() != types::v1::TRANSITION_EXPIRE;
    table.rows.push_back({absl::StrCat(row.sequence()), TimeText(row.time()),
                          ShortIdentity(row.actor()), WhatWords(row), Words(row.state()),
                          in_log ? absl::StrCat(row.log_index()) : "", VerdictCell(row)});
  }
  return table;
}

void SayCheckpoint(Output& out, const v1::EvidenceReport& report) {
  const v1::EvidenceCheckpoint& checkpoint = report.checkpoint();
  if (checkpoint.size() == 0) return;
  std::string cosigners;
  for (const v1::EvidenceCosigner& one : checkpoint.cosigners()) {
    absl::StrAppend(&cosigners, cosigners.empty() ? "" : ", ", one.name(), " ",
                    TimeText(one.time()));
  }
  out.Say(absl::StrCat("checkpoint: ", checkpoint.origin(), ", ", checkpoint.size(),
                       " leaves; cosigned by ", cosigners.empty() ? "nobody" : cosigners));
}

// Prints the verdict; fails when something did not hold.
absl::Status Show(Session& session, const v1::EvidenceReport& report) {
  Output& out = session.out;
  if (out.json()) {
    out.Line(ToJson(report));
  } else {
    out.List(report.rows(), RowTable(report), "no record");
  }
  SayCheckpoint(out, report);
  out.Say(
      absl::StrCat("believed: roots ", report.roots_from(), "; log policy ", report.policy_from()));
  for (const std::string& note : report.notes()) out.Say(note);
  for (const std::string& problem : report.problems()) out.Say(problem, Tone::kBad);
  return AllHeld(report);
}

// No fault: roots and cosigners change with the years. But the reader should know.
void NoteClaims(const Evidence& evidence, const Believed& believed, v1::EvidenceReport* report) {
  for (const auto& [file, source] :
       {std::pair(kRootsFile, &believed.roots), std::pair(kLogPolicyFile, &believed.policy)}) {
    auto claimed = evidence.files.find(file);
    if (claimed == evidence.files.end() || claimed->second == source->text) continue;
    report->add_notes(Problem(file, "the directory claims another one", "", source->from));
  }
}

absl::Status RunVerify(Session& session, const VerifyOptions& options) {
  WS_ASSIGN_OR_RETURN(Evidence evidence, ReadEvidence(options.directory));
  WS_ASSIGN_OR_RETURN(Believed believed, WhomToBelieve(session, options, evidence));
  v1::EvidenceReport report = CheckEvidence(evidence, believed.trust);
  report.set_roots_from(believed.roots.from);
  report.set_policy_from(believed.policy.from);
  NoteClaims(evidence, believed, &report);
  return Show(session, report);
}

// What leaves the house was verified in it.
absl::Status CheckOwn(const EvidenceSources& sources, const EvidenceSource& source,
                      const Evidence& evidence) {
  WS_ASSIGN_OR_RETURN(auto trust, crypto::TrustStore::Create(sources.roots_pem, sources.crl_pem,
                                                             absl::ZeroDuration()));
  return AllHeld(CheckEvidence(evidence, {std::move(trust), source.policy(), sources.broker}));
}

absl::Status RunExport(Session& session, const ExportOptions& options) {
  WS_ASSIGN_OR_RETURN(std::string id, ParseReferralId(options.referral));
  WS_ASSIGN_OR_RETURN(Profile profile, session.LoadProfile());
  WS_ASSIGN_OR_RETURN(EvidenceSource source, EvidenceSource::Open(session, profile));
  WS_ASSIGN_OR_RETURN(EvidenceSources sources, source.Ask(id, session.timeout));
  WS_ASSIGN_OR_RETURN(Evidence evidence, MakeEvidence(sources));
  WS_RETURN_IF_ERROR(CheckOwn(sources, source, evidence));
  std::string directory = options.out;
  if (directory.empty()) directory = absl::StrCat("evidence-", FormatReferralId(id));
  directory = std::filesystem::absolute(directory).lexically_normal().string();
  if (directory.ends_with('/')) directory.pop_back();
  WS_RETURN_IF_ERROR(WriteEvidence(directory, evidence));
  session.out.Line(directory);
  session.out.Say(absl::StrCat(evidence.files.size() + 1, " files, verified; next: ",
                               AsTyped("waystation evidence verify " + ShellWord(directory))));
  return absl::OkStatus();
}

}  // namespace

void AddEvidenceVerbs(CLI::App& app, Chosen& chosen) {
  CLI::App& noun = AddNoun(app, "evidence", "A referral's evidence, to be checked by anybody");
  AddVerb<ExportOptions>(noun, chosen, "export",
                         "Write a directory with one referral's signatures, receipts and proofs",
                         DeclareExport, RunExport);
  AddVerb<VerifyOptions>(noun, chosen, "verify",
                         "Check such a directory offline, from public keys alone", DeclareVerify,
                         RunVerify);
}

}  // namespace waystation::cli
