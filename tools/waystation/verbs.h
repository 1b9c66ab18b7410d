#ifndef WAYSTATION_TOOLS_WAYSTATION_VERBS_H_
#define WAYSTATION_TOOLS_WAYSTATION_VERBS_H_

#include "CLI/CLI.hpp"
#include "tools/waystation/session.h"

// Every verb of the command, one function for each file that declares some.
// Single-threaded: the command.

namespace waystation::cli {

// dev: a bus of one's own.
void AddDevVerb(CLI::App& app, Chosen& chosen);
// demo: the main job, played.
void AddDemoVerb(CLI::App& app, Chosen& chosen);
// pki init, issue, revoke, crl, show.
void AddPkiVerbs(CLI::App& app, Chosen& chosen);
// pki genesis; `pki` is the noun.
void AddPkiGenesisVerb(CLI::App& pki, Chosen& chosen);
// pki log-key, cosigner-key.
void AddPkiLogVerbs(CLI::App& pki, Chosen& chosen);
// status, tail.
void AddStatusVerb(CLI::App& app, Chosen& chosen);
void AddTailVerb(CLI::App& app, Chosen& chosen);
// dead-letters list, redrive.
void AddDeadLetterVerbs(CLI::App& app, Chosen& chosen);
// doctor: what is wrong, and the fix.
void AddDoctorVerb(CLI::App& app, Chosen& chosen);
// intake, duty and finding: what DOJ records before it petitions.
void AddIntakeVerbs(CLI::App& app, Chosen& chosen);
void AddFindingVerb(CLI::App& app, Chosen& chosen);
// petition file, list, show; cancel.
void AddPetitionVerbs(CLI::App& app, Chosen& chosen);
// inbox: what needs an officer now.
void AddInboxVerb(CLI::App& app, Chosen& chosen);
// case list, show, open, forward, entered-in-error; scope-confirm, retain.
void AddCaseVerbs(CLI::App& app, Chosen& chosen);
// consent record, change, withdraw, show, list.
void AddConsentVerbs(CLI::App& app, Chosen& chosen);
// explain: what a procedure asks and answers.
void AddExplainVerb(CLI::App& app, Chosen& chosen);
// completion: the words of this command, for a shell.
void AddCompletionVerb(CLI::App& app, Chosen& chosen);
// take-up, return, hold, resume, cancellation: the target's steps.
void AddHandoffVerbs(CLI::App& app, Chosen& chosen);
// answer: the decision of two officials.
void AddAnswerVerb(CLI::App& app, Chosen& chosen);
// presence list, show, renew, end, authorize-work.
void AddPresenceVerbs(CLI::App& app, Chosen& chosen);
// call: the complaint line (DOL).
void AddCallVerbs(CLI::App& app, Chosen& chosen);
// certification, letter: a person's case at HHS, and what the person carries.
void AddCertificationVerbs(CLI::App& app, Chosen& chosen);
void AddLetterVerbs(CLI::App& app, Chosen& chosen);
// services: One-Stop services (HHS asks DOL).
void AddServicesVerbs(CLI::App& app, Chosen& chosen);
// return-home: a wished and safe return (HHS asks DOS, DOS asks USAID).
void AddReturnHomeVerbs(CLI::App& app, Chosen& chosen);
// post-report: what posts abroad report (DOS).
void AddPostReportVerbs(CLI::App& app, Chosen& chosen);
// evidence export, verify: a referral's evidence, for anybody to check.
void AddEvidenceVerbs(CLI::App& app, Chosen& chosen);
// audit: the whole record against its log; each verb has a file of its own.
void AddAuditVerbs(CLI::App& app, Chosen& chosen);
// audit findings, show, respond, close, tail: what the auditor found.
void AddAuditFindingVerbs(CLI::App& noun, Chosen& chosen);
// audit verify: record, tree and checkpoints, live or from a folder.
void AddAuditVerifyVerb(CLI::App& audit, Chosen& chosen);
// reconcile: agencies' indexes against the log.
void AddReconcileVerb(CLI::App& app, Chosen& chosen);
// audit metrics: how long handoffs take; `audit` is the noun.
void AddAuditMetricsVerb(CLI::App& audit, Chosen& chosen);
// history: the evidence of a referral, verified now.
void AddHistoryVerb(CLI::App& app, Chosen& chosen);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_VERBS_H_
