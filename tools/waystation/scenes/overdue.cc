#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "tools/waystation/audit_text.h"
#include "tools/waystation/petition_text.h"
#include "tools/waystation/scenes/certifying.h"
#include "tools/waystation/scenes/petitioning.h"
#include "tools/waystation/scenes/scenes.h"
#include "tools/waystation/text.h"
#include "waystation/audit/v1/audit_service.pb.h"

namespace waystation::cli {
namespace {

constexpr char kAttorney[] = "usa-1301";
constexpr char kAdjudicator[] = "adjudicator-2102";
constexpr char kSupervisor[] = "supervisor-2103";
// So urgent that the demo sees it become overdue.
constexpr absl::Duration kNeededWithin = absl::Milliseconds(1500);
constexpr absl::Duration kDueLimit = absl::Minutes(1);

absl::StatusOr<doj::v1::Petition> FileUrgent(Stage& stage, const std::string& person) {
  auto& [play, teller, signals, data_dir] = stage;
  WS_ASSIGN_OR_RETURN(doj::v1::Petition petition, FilePetition(play, kAttorney, person,
                                                               {.case_number = "SYN-2002-0002",
                                                                .needed_within = kNeededWithin}));
  teller.Remember("petition to INS", petition.referral_id());
  WS_RETURN_IF_ERROR(play.AwaitReceived(petition.referral_id()));
  WS_RETURN_IF_ERROR(Must(
      petition.has_due_time() && FromProto(petition.due_time()) - play.Now() < kDueLimit,
      "petition", "due " + TimeText(petition.due_time()), "a due time that a demo can wait for"));
  teller.Step("DOJ usa-1301", absl::StrCat("petitions INS; needed by ",
                                           TimeText(petition.due_time()), ", for the hearing"));
  return petition;
}

// INS's own inbox, where overdue items are first.
absl::StatusOr<types::v1::InboxItem> AwaitOverdue(Stage& stage, const std::string& referral) {
  Play& play = stage.play;
  WS_RETURN_IF_ERROR(play.Await("the referral's being overdue", [&]() -> absl::StatusOr<bool> {
    WS_ASSIGN_OR_RETURN(bus::v1::Referral ledger, play.Ledger(referral));
    return ledger.overdue();
  }));
  casework::v1::ListInboxRequest request;
  types::v1::InboxItem found;
  WS_RETURN_IF_ERROR(play.Await("the overdue item in INS's inbox", [&]() -> absl::StatusOr<bool> {
    WS_ASSIGN_OR_RETURN(
        auto page,
        play.Ask(kAdjudicator, &casework::v1::CaseworkService::Stub::ListInbox, request));
    for (const types::v1::InboxItem& item : page.items()) {
      if (item.referral_id() == referral) found = item;
    }
    return found.overdue();
  }));
  return found;
}

// The auditor's own finding, who computes it from the record and not from the ledger;
// none where he is not. He looks at the time once a second, and at the latest after two.
absl::StatusOr<std::optional<audit::v1::Finding>> AwaitFound(Stage& stage,
                                                             const std::string& referral) {
  Play& play = stage.play;
  Teller& teller = stage.teller;
  WS_ASSIGN_OR_RETURN(const bool has_auditor, play.HasAuditor());
  if (!has_auditor) {
    teller.Step("", "no auditor runs here: by the ledger alone", Tone::kQuiet);
    return std::nullopt;
  }
  audit::v1::ListFindingsRequest request;
  request.set_open_only(true);
  request.set_rule_id("overdue");
  audit::v1::Finding found;
  WS_RETURN_IF_ERROR(play.Await("the auditor's finding", [&]() -> absl::StatusOr<bool> {
    WS_ASSIGN_OR_RETURN(auto findings, play.Findings(request));
    for (const audit::v1::Finding& finding : findings) {
      if (finding.referral_id() == referral) found = finding;
    }
    return !found.finding_id().empty();
  }));
  teller.Step("AUDITOR", "finds: " + AuditFindingWords(found), Tone::kBad);
  return found;
}

absl::Status AwaitClosed(Stage& stage, const std::string& finding_id) {
  Play& play = stage.play;
  Teller& teller = stage.teller;
  audit::v1::Finding finding;
  WS_RETURN_IF_ERROR(play.Await("the end of the finding", [&]() -> absl::StatusOr<bool> {
    WS_ASSIGN_OR_RETURN(finding, play.Finding(finding_id));
    return finding.state() == audit::v1::FINDING_STATE_CLOSED;
  }));
  WS_RETURN_IF_ERROR(Must(finding.closing().closed_by().empty(), "finding",
                          "closed by " + finding.closing().closed_by(), "ended by the record"));
  teller.Step("AUDITOR", "closes it: " + AuditClosingWords(finding), Tone::kGood);
  return absl::OkStatus();
}

absl::Status Chase(Stage& stage, const std::string& referral) {
  auto& [play, teller, signals, data_dir] = stage;
  teller.Step("DOJ usa-1301", "sees whose move it is, and telephones");
  WS_RETURN_IF_ERROR(TakeUpPetition(play, kAdjudicator, referral));
  teller.Step("INS adjudicator-2102", "takes it up");
  WS_RETURN_IF_ERROR(GrantPetition(play, kAdjudicator, kSupervisor, referral));
  teller.Step("INS supervisor-2103", "countersigns the grant");
  WS_ASSIGN_OR_RETURN(auto answered,
                      AwaitFiled(play, kAttorney, referral, types::v1::REFERRAL_STATE_ANSWERED));
  WS_ASSIGN_OR_RETURN(bus::v1::Referral ledger, play.Ledger(referral));
  WS_RETURN_IF_ERROR(Must(!ledger.overdue(), "petition", "overdue, answered", "not overdue"));
  teller.Step("DOJ usa-1301", "reads: " + DecisionWords(answered.decision()), Tone::kGood);
  return absl::OkStatus();
}

absl::Status EndOnNotice(Stage& stage, const std::string& person) {
  auto& [play, teller, signals, data_dir] = stage;
  WS_ASSIGN_OR_RETURN(auto one, AwaitStatusNotice(play, person));
  teller.Remember("notice to HHS", one.status(0).referral_id());
  return EndOnCase(play, teller, person, "no longer overdue: answered");
}

}  // namespace

absl::Status PlayOverdue(Stage& stage) {
  auto& [play, teller, signals, data_dir] = stage;
  WS_ASSIGN_OR_RETURN(std::string person, OpenIntake(play, kAttorney));
  WS_RETURN_IF_ERROR(RecordFinding(play, kAttorney, person));
  WS_RETURN_IF_ERROR(RecordDuties(play, kAttorney, person).status());
  teller.Step("DOJ usa-1301", absl::StrCat("opens an intake, finds, does the duties: ", person));
  WS_ASSIGN_OR_RETURN(doj::v1::Petition petition, FileUrgent(stage, person));
  const std::string& referral = petition.referral_id();
  teller.Step("INS", "has it, receipted, and nobody moves ...", Tone::kQuiet);
  WS_ASSIGN_OR_RETURN(types::v1::InboxItem item, AwaitOverdue(stage, referral));
  teller.Step("OVERDUE",
              absl::StrCat(item.next_move_unit(), " must ", item.next_move(), ", since ",
                           TimeText(item.since()), "; due ", TimeText(item.due_time()), " by ",
                           item.due_basis()),
              Tone::kBad);
  WS_ASSIGN_OR_RETURN(std::optional<audit::v1::Finding> found, AwaitFound(stage, referral));
  WS_RETURN_IF_ERROR(Chase(stage, referral));
  if (found.has_value()) WS_RETURN_IF_ERROR(AwaitClosed(stage, found->finding_id()));
  return EndOnNotice(stage, person);
}

}  // namespace waystation::cli
