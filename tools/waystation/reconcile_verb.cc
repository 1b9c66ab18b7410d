#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/crypto/certificate.h"
#include "common/crypto/signing_key.h"
#include "common/status/status.h"
#include "tools/waystation/audit_source.h"
#include "tools/waystation/dev_notice.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/files.h"
#include "tools/waystation/inject/traffic.h"
#include "tools/waystation/inject/trial.h"
#include "tools/waystation/reconciliation.h"
#include "tools/waystation/text.h"
#include "tools/waystation/verbs.h"

namespace waystation::cli {
namespace {

// Longer than an agency waits before it sends again what was not answered.
constexpr absl::Duration kPatience = absl::Seconds(10);
// Some hundred handoffs, in a few seconds.
constexpr int kReferrals = 60;
// Planted at once, if so many stand apart.
constexpr uint64_t kTogetherMax = 100;

struct ReconcileOptions {
  uint64_t inject = 0;
  uint64_t seed = 0;
};

void DeclareReconcile(CLI::App& verb, ReconcileOptions& options) {
  auto* inject = verb.add_option("--inject", options.inject,
                                 "On a throwaway bus of its own: plant so many faults, one at a "
                                 "time and some at once, and find them")
                     ->check(CLI::Range(1, 1'000'000));
  verb.add_option("--seed", options.seed, "Seed of the faults (default: a new one)")->needs(inject);
}

std::string Differences(uint64_t count) {
  return absl::StrCat(count, count == 1 ? " difference" : " differences");
}

std::string WhatWasSaid(const handoffs::Difference& difference) {
  return absl::StrJoin(difference.said, "; ", [](std::string* out, const handoffs::Said& said) {
    absl::StrAppend(out, ShortIdentity(said.party), ": ", said.text);
  });
}

Table DifferenceTable(const std::vector<handoffs::Difference>& differences) {
  Table table{{"DIFFERENCE", "MESSAGE", "WHO SAYS WHAT"}, {}};
  for (const handoffs::Difference& each : differences) {
    table.rows.push_back({{std::string(handoffs::NameOf(each.kind)), Tone::kBad},
                          absl::StrJoin(each.message_ids, ", "),
                          WhatWasSaid(each)});
  }
  return table;
}

void Print(Output& out, const Reconciliation& reconciliation) {
  std::vector<v1::HandoffDifference> protos;
  for (const handoffs::Difference& each : reconciliation.differences()) {
    protos.push_back(ToProto(each));
  }
  const v1::ReconcileSummary summary = reconciliation.summary();
  if (out.json() || !protos.empty()) {
    out.List(protos, DifferenceTable(reconciliation.differences()), "");
  }
  if (out.json()) return out.Line(ToJson(summary));
  out.Line(absl::StrCat(summary.handoffs(), " handoffs, ", summary.entries(), " entries of ",
                        summary.parties(), " parties, ", summary.records(),
                        " records: ", Differences(summary.differences())),
           protos.empty() ? Tone::kGood : Tone::kBad);
}

absl::Status Wait(Signals& signals, absl::Duration time) {
  if (signals.Wait(time) != Signals::Event::kStop) return absl::OkStatus();
  return absl::AbortedError("reconcile: stopped before its end, nothing is proven");
}

absl::Status RunOnBus(Session& session) {
  Signals signals;
  WS_ASSIGN_OR_RETURN(Profile profile, session.LoadProfile());
  WS_ASSIGN_OR_RETURN(AuditSource source, AuditSource::Open(session, profile));
  Reconciliation reconciliation(source);
  WS_RETURN_IF_ERROR(reconciliation.Run(kPatience, session.clock,
                                        [&](absl::Duration time) { return Wait(signals, time); }));
  Print(session.out, reconciliation);
  if (reconciliation.differences().empty()) return absl::OkStatus();
  return WithNext(Unverified(Problem("handoffs", "log and agencies do not agree",
                                     Differences(reconciliation.differences().size()), "none")),
                  "waystation tail --from 1");
}

// The parties' own keys: who plants a fault in what one says signs it as that one.
absl::StatusOr<Signers> LoadSigners(const DevLayout& layout) {
  Signers signers;
  std::vector<std::string> paths = {"/auditor"};
  for (const std::string& name : layout.agencies()) paths.push_back("/agency/" + name);
  for (const std::string& path : paths) {
    WS_ASSIGN_OR_RETURN(std::string certificate_pem,
                        ReadWholeFile(layout.CertificatePath(path, crypto::KeyUse::kSign)));
    WS_ASSIGN_OR_RETURN(std::string key_pem,
                        ReadWholeFile(layout.KeyPath(path, crypto::KeyUse::kSign)));
    WS_ASSIGN_OR_RETURN(auto certificate, crypto::Certificate::FromPem(certificate_pem));
    WS_ASSIGN_OR_RETURN(auto key, crypto::SigningKey::FromPem(key_pem));
    const std::string identity = DevIdentity(path);
    WS_ASSIGN_OR_RETURN(auto signer,
                        evidence::Signer::Create(identity, std::move(key), std::move(certificate)));
    signers.emplace(identity, std::move(signer));
  }
  return signers;
}

// What was said on a bus that has come to rest, and with what to judge it.
struct Collected {
  CleanSet clean;
  Signers signers;
  std::shared_ptr<const evidence::DirectoryView> directory;
  crypto::TrustStore trust;
};

absl::StatusOr<Collected> Collect(const Session& session, DevBus& bus, Signals& signals) {
  WS_ASSIGN_OR_RETURN(Play play, Play::On(session, bus));
  WS_RETURN_IF_ERROR(MakeTraffic(play, signals, kReferrals));
  WS_ASSIGN_OR_RETURN(Profile profile, Profile::Load(bus.layout().ProfilePath()));
  WS_ASSIGN_OR_RETURN(AuditSource source, AuditSource::Open(session, profile));
  Reconciliation reconciliation(source);
  reconciliation.KeepRecords();
  WS_RETURN_IF_ERROR(reconciliation.Run(kPatience, session.clock,
                                        [&](absl::Duration time) { return bus.Watch(time); }));
  WS_ASSIGN_OR_RETURN(CleanSet clean,
                      CleanSet::Create(reconciliation.records(), reconciliation.indexes()));
  WS_ASSIGN_OR_RETURN(Signers signers, LoadSigners(bus.layout()));
  return Collected{std::move(clean), std::move(signers), source.directory(), source.trust()};
}

Table CountTable(const std::vector<v1::FaultCount>& counts) {
  Table table{{"FAULT", "IN THE WORD OF", "PLANTED", "FOUND", "FALSE"}, {}};
  for (const v1::FaultCount& each : counts) {
    const bool good = each.found() == each.planted() && each.false_found() == 0;
    table.rows.push_back({each.fault(),
                          each.party(),
                          absl::StrCat(each.planted()),
                          {absl::StrCat(each.found()), good ? Tone::kGood : Tone::kBad},
                          absl::StrCat(each.false_found())});
  }
  return table;
}

absl::Status Report(Output& out, const Trial& trial, v1::InjectSummary summary) {
  const std::vector<v1::FaultCount> counts = trial.counts();
  for (const v1::FaultCount& each : counts) {
    summary.set_planted(summary.planted() + each.planted());
    summary.set_found(summary.found() + each.found());
    summary.set_false_found(summary.false_found() + each.false_found());
  }
  const v1::FaultCount& together = trial.together();
  summary.set_together(together.planted());
  summary.set_together_found(together.found());
  summary.set_false_found(summary.false_found() + together.false_found());
  for (const std::string& problem : trial.problems()) out.Say(problem, Tone::kBad);
  out.List(counts, CountTable(counts), "");
  const bool good = summary.found() == summary.planted() &&
                    summary.together_found() == summary.together() && summary.false_found() == 0;
  if (out.json()) {
    out.Line(ToJson(summary));
  } else {
    out.Line(absl::StrCat("seed ", summary.seed()));
    out.Line(
        absl::StrCat(summary.together(), " more at once: ", summary.together_found(), " found"));
    out.Line(absl::StrCat(summary.found(), " found, ", summary.false_found(), " false"),
             good ? Tone::kGood : Tone::kBad);
  }
  if (good) return absl::OkStatus();
  return WithNext(
      Unverified(
          Problem("reconcile", "not every fault was found, or something false was",
                  absl::StrCat(summary.found(), " and at once ", summary.together_found(),
                               " found, ", summary.false_found(), " false"),
                  absl::StrCat(summary.planted(), " and ", summary.together(), " found, 0 false"))),
      absl::StrCat("waystation reconcile --inject ", summary.planted(), " --seed ",
                   summary.seed()));
}

absl::Status TryFaults(Session& session, const Collected& collected, uint64_t count,
                       uint64_t seed) {
  v1::InjectSummary summary;
  summary.set_seed(seed);
  summary.set_handoffs(collected.clean.messages().size());
  session.out.Say(absl::StrCat(collected.clean.messages().size(), " handoffs, ",
                               collected.clean.whole().records.size(), " records; planting ", count,
                               " faults, seed ", seed));
  Trial trial(collected.clean, collected.signers, collected.directory, collected.trust,
              session.clock.Now());
  WS_ASSIGN_OR_RETURN(uint64_t false_in_clean, trial.CheckClean());
  summary.set_false_found(false_in_clean);
  WS_RETURN_IF_ERROR(trial.Run(count, seed));
  WS_RETURN_IF_ERROR(trial.RunTogether(std::min(count, kTogetherMax), seed));
  return Report(session.out, trial, std::move(summary));
}

absl::Status RunInjection(Session& session, const ReconcileOptions& options) {
  Signals signals;
  SayNotice(session.out);
  WS_ASSIGN_OR_RETURN(auto bus, DevBus::Start({}, session.clock, signals));
  absl::StatusOr<Collected> collected = Collect(session, *bus, signals);
  if (!collected.ok()) {
    // A service that died explains more than the call that failed because of it.
    absl::Status alive = bus->Watch(absl::ZeroDuration());
    return StopBus(session, *bus, alive.ok() ? collected.status() : alive);
  }
  bus->Stop(/*keep=*/false);
  const uint64_t seed = options.seed == 0 ? std::random_device()() : options.seed;
  return TryFaults(session, *collected, options.inject, seed);
}

absl::Status RunReconcile(Session& session, const ReconcileOptions& options) {
  return options.inject == 0 ? RunOnBus(session) : RunInjection(session, options);
}

}  // namespace

void AddReconcileVerb(CLI::App& app, Chosen& chosen) {
  AddVerb<ReconcileOptions>(app, chosen, "reconcile",
                            "Compare every agency's signed index with the log (auditor)",
                            DeclareReconcile, RunReconcile);
}

}  // namespace waystation::cli
