#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "common/status/status.h"
#include "tools/waystation/audit_remote.h"
#include "tools/waystation/audit_text.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/officer.h"
#include "tools/waystation/verbs.h"
#include "waystation/audit/v1/audit_service.grpc.pb.h"

namespace waystation::cli {
namespace {

using audit::v1::AuditService;
using audit::v1::Finding;
using audit::v1::ListFindingsRequest;

constexpr useconds_t kFeedPauseUs = 500'000;

// As whom: the profile's auditor, or whoever's certificate is named.
struct WhoOptions {
  std::string credential;
  std::string key;
};

void DeclareWho(CLI::App& verb, WhoOptions& options) {
  auto* key = verb.add_option("--key", options.key, "Key of --credential, PEM");
  auto* credential = verb.add_option("--credential", options.credential,
                                     "TLS certificate, PEM, of the agency that asks (default: the "
                                     "profile's auditor)");
  credential->needs(key)->type_name("FILE");
  key->needs(credential)->type_name("FILE");
}

absl::StatusOr<AuditRemote> OpenAudit(const Session& session, const WhoOptions& who) {
  WS_ASSIGN_OR_RETURN(Profile profile, session.LoadProfile());
  v1::Credential credential;
  credential.set_certificate_path(who.credential);
  credential.set_key_path(who.key);
  return AuditRemote::Open(session, profile, who.credential.empty() ? nullptr : &credential);
}

absl::Status Explain(absl::Status status, const std::string& finding) {
  const std::string reason = ReasonOf(status);
  if (reason == "FINDING_UNKNOWN") return WithNext(std::move(status), "waystation audit findings");
  if (reason == "CLOSE_DENIED") {
    return WithNext(std::move(status), absl::StrCat("waystation audit respond ", finding,
                                                    " --corrective-action TEXT"));
  }
  if (reason == "FINDING_CLOSED") {
    return WithNext(std::move(status), "waystation audit show " + finding);
  }
  return status;
}

absl::Status ShowOne(Session& session, const Finding& finding) {
  session.out.Show(finding, AuditFindingFields(finding, session.clock.Now()));
  return absl::OkStatus();
}

// Shows the finding that an answer holds.
template <typename Response>
absl::Status Show(Session& session, const absl::StatusOr<Response>& response,
                  const std::string& finding) {
  if (!response.ok()) return Explain(response.status(), finding);
  return ShowOne(session, response->finding());
}

struct FindingsOptions {
  WhoOptions who;
  bool open = false;
  std::string rule;
  std::string party;
};

void DeclareFindings(CLI::App& verb, FindingsOptions& options) {
  verb.add_flag("--open", options.open, "Only what is open");
  verb.add_option("--rule", options.rule, "Only of this rule, e.g. overdue");
  verb.add_option("--party", options.party,
                  "Only with this party, e.g. spiffe://waystation.example/agency/ins");
  DeclareWho(verb, options.who);
}

ListFindingsRequest RequestOf(const FindingsOptions& options) {
  ListFindingsRequest request;
  request.set_open_only(options.open);
  request.set_rule_id(options.rule);
  request.set_party(options.party);
  return request;
}

absl::Status RunFindings(Session& session, const FindingsOptions& options) {
  WS_ASSIGN_OR_RETURN(AuditRemote audit, OpenAudit(session, options.who));
  WS_ASSIGN_OR_RETURN(std::vector<Finding> findings, audit.List(RequestOf(options)));
  session.out.List(findings, AuditFindingTable(findings, session.clock.Now()),
                   options.open ? "no open finding" : "no finding");
  return absl::OkStatus();
}

struct FindingOptions {
  WhoOptions who;
  std::string finding;
  std::string request_id;
  std::string concur;
  std::string non_concur;
  std::string corrective_action;
  std::string reason;
};

void DeclareOne(CLI::App& verb, FindingOptions& options) {
  verb.add_option("FINDING", options.finding, "Finding, 16 hexadecimal digits")->required();
  DeclareWho(verb, options.who);
}

void DeclareRespond(CLI::App& verb, FindingOptions& options) {
  DeclareOne(verb, options);
  verb.add_option("--request-id", options.request_id,
                  "UUID of the first try, to try again without a second response");
  CLI::Option_group* kind = verb.add_option_group("response");
  kind->add_option("--concur", options.concur, "It is right: in words, without names");
  kind->add_option("--non-concur", options.non_concur, "It is wrong, and why");
  kind->add_option("--corrective-action", options.corrective_action,
                   "What is done about it, by whom, by when");
  kind->require_option(1);
}

void DeclareClose(CLI::App& verb, FindingOptions& options) {
  DeclareOne(verb, options);
  verb.add_option("--reason", options.reason, "Why, without names")->required();
}

absl::Status RunShow(Session& session, const FindingOptions& options) {
  WS_ASSIGN_OR_RETURN(AuditRemote audit, OpenAudit(session, options.who));
  absl::StatusOr<Finding> finding = audit.Get(options.finding);
  if (!finding.ok()) return Explain(finding.status(), options.finding);
  return ShowOne(session, *finding);
}

absl::Status RunRespond(Session& session, const FindingOptions& options) {
  audit::v1::RespondRequest request;
  request.set_request_id(RequestId(session, options.request_id));
  request.set_finding_id(options.finding);
  if (!options.concur.empty()) {
    request.set_kind(audit::v1::RESPONSE_KIND_CONCUR);
    request.set_text(options.concur);
  } else if (!options.non_concur.empty()) {
    request.set_kind(audit::v1::RESPONSE_KIND_NON_CONCUR);
    request.set_text(options.non_concur);
  } else {
    request.set_kind(audit::v1::RESPONSE_KIND_CORRECTIVE_ACTION);
    request.set_text(options.corrective_action);
  }
  WS_ASSIGN_OR_RETURN(AuditRemote audit, OpenAudit(session, options.who));
  auto response = audit.Ask(&AuditService::Stub::Respond, request);
  if (!response.ok()) {
    return WithRetry(Explain(response.status(), options.finding), request.request_id());
  }
  return Show(session, response, options.finding);
}

absl::Status RunClose(Session& session, const FindingOptions& options) {
  WS_ASSIGN_OR_RETURN(AuditRemote audit, OpenAudit(session, options.who));
  audit::v1::CloseFindingRequest request;
  request.set_finding_id(options.finding);
  request.set_reason(options.reason);
  return Show(session, audit.Ask(&AuditService::Stub::CloseFinding, request), options.finding);
}

struct TailOptions : FindingsOptions {
  uint64_t count = 0;
};

void DeclareTail(CLI::App& verb, TailOptions& options) {
  DeclareFindings(verb, options);
  verb.add_option("-n,--count", options.count, "Stop after so many changes");
}

absl::Status RunTail(Session& session, const TailOptions& options) {
  WS_ASSIGN_OR_RETURN(AuditRemote audit, OpenAudit(session, options.who));
  ListFindingsRequest request = RequestOf(options);
  for (uint64_t printed = 0;; usleep(kFeedPauseUs)) {
    WS_ASSIGN_OR_RETURN(std::vector<Finding> changed, audit.List(request));
    std::sort(changed.begin(), changed.end(),
              [](const Finding& a, const Finding& b) { return a.revision() < b.revision(); });
    for (const Finding& finding : changed) {
      if (session.out.json()) {
        session.out.Line(ToJson(finding));
      } else {
        session.out.Line(AuditFindingLine(finding), AuditFindingTone(finding));
      }
      if (++printed == options.count) return absl::OkStatus();
      request.set_changed_after(finding.revision());
    }
  }
}

}  // namespace

void AddAuditFindingVerbs(CLI::App& noun, Chosen& chosen) {
  AddVerb<FindingsOptions>(noun, chosen, "findings", "Findings, newest first", DeclareFindings,
                           RunFindings);
  AddVerb<FindingOptions>(noun, chosen, "show", "One finding, its proof and its responses",
                          DeclareOne, RunShow);
  AddVerb<FindingOptions>(noun, chosen, "respond",
                          "Concur, non-concur, or say what is done (a party, or the auditor)",
                          DeclareRespond, RunRespond);
  AddVerb<FindingOptions>(noun, chosen, "close", "Close one (the auditor alone)", DeclareClose,
                          RunClose);
  AddVerb<TailOptions>(noun, chosen, "tail", "Follow findings as they open, change and end",
                       DeclareTail, RunTail);
}

}  // namespace waystation::cli
