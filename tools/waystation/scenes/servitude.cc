#include <string>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "tools/waystation/petition_text.h"
#include "tools/waystation/scenes/calling.h"
#include "tools/waystation/scenes/casework.h"
#include "tools/waystation/scenes/certifying.h"
#include "tools/waystation/scenes/petitioning.h"
#include "tools/waystation/scenes/scenes.h"
#include "tools/waystation/text.h"
#include "waystation/doj/v1/complaint.pb.h"
#include "waystation/dol/v1/services.pb.h"

namespace waystation::cli {
namespace {

constexpr char kAgent[] = "agent-1101";
constexpr char kWorker[] = "worker-1401";
constexpr char kEta[] = "eta-4201";
constexpr char kAdjudicator[] = "adjudicator-2101";
constexpr char kSupervisor[] = "supervisor-2103";

// Call, plan and consent at DOL's line; intake, finding and duties at DOJ.
absl::StatusOr<std::string> CallToIntake(Stage& stage) {
  auto& [play, teller, signals, data_dir] = stage;
  WS_ASSIGN_OR_RETURN(dol::v1::Call call, RecordCall(play));
  const std::string person = call.person();
  teller.Step("DOL line-4101", absl::StrCat("takes a call, no name, no caller id: ", person));
  teller.Step("", absl::StrCat("safe contact: ", PlanWords(call.safe_contact())));
  WS_ASSIGN_OR_RETURN(std::string complaint, ReferCall(play, call));
  teller.Remember("complaint to DOJ", complaint);
  teller.Step("", "refers it to DOJ under the caller's own consent: signed, sealed, receipted");
  WS_RETURN_IF_ERROR(TakeUpCase(play, kWorker, complaint).status());
  WS_RETURN_IF_ERROR(OpenIntake(play, kAgent, person).status());
  doj::v1::ComplaintOutcome outcome;
  outcome.set_kind(doj::v1::COMPLAINT_OUTCOME_KIND_INTAKE_OPENED);
  WS_ASSIGN_OR_RETURN(*outcome.mutable_unit(), play.UnitOf(kAgent));
  WS_RETURN_IF_ERROR(AnswerCaseWith(play, kWorker, complaint, outcome).status());
  teller.Step("DOJ worker-1401", "takes it up and answers the line: intake opened by doj/fbi");
  WS_RETURN_IF_ERROR(RecordFinding(play, kAgent, person));
  teller.Step("DOJ agent-1101",
              "finds a severe form, TVPA 103(8): for this petition, binding nobody else");
  WS_ASSIGN_OR_RETURN(int duties, RecordDuties(play, kAgent, person));
  teller.Step("", absl::StrCat("records ", duties, " duties under TVPA 107(c) as done today"));
  return person;
}

absl::Status LetStay(Stage& stage, const std::string& person) {
  auto& [play, teller, signals, data_dir] = stage;
  const absl::Duration begin = play.Monotonic();
  WS_ASSIGN_OR_RETURN(doj::v1::Petition petition,
                      FilePetition(play, kAgent, person, {.case_number = "SYN-2002-0001"}));
  const std::string& referral = petition.referral_id();
  teller.Remember("petition to INS", referral);
  WS_RETURN_IF_ERROR(play.AwaitReceived(referral));
  teller.Step("", absl::StrCat("petitions INS for continued presence; receipted in ",
                               absl::ToInt64Milliseconds(play.Monotonic() - begin), " ms"));
  WS_RETURN_IF_ERROR(TakeUpPetition(play, kAdjudicator, referral));
  teller.Step("INS adjudicator-2101", "takes it up");
  WS_RETURN_IF_ERROR(GrantPetition(play, kAdjudicator, kSupervisor, referral));
  teller.Step("INS supervisor-2103", "countersigns the grant: two officials, only now it is sent");
  WS_ASSIGN_OR_RETURN(auto answered,
                      AwaitFiled(play, kAgent, referral, types::v1::REFERRAL_STATE_ANSWERED));
  teller.Step("DOJ agent-1101", "reads: " + DecisionWords(answered.decision()), Tone::kGood);
  return absl::OkStatus();
}

absl::StatusOr<std::string> Certify(Stage& stage, const std::string& person) {
  auto& [play, teller, signals, data_dir] = stage;
  WS_ASSIGN_OR_RETURN(hhs::v1::CertificationCase one, AwaitStatusNotice(play, person));
  teller.Remember("notice to HHS", one.status(0).referral_id());
  teller.Step("HHS", "has INS's due notice by itself: a certification case is open");
  types::v1::PersonAge age;
  age.set_bracket(types::v1::AGE_BRACKET_TWENTY_ONE_OR_OLDER);
  WS_RETURN_IF_ERROR(RecordAge(play, one.case_id(), age).status());
  WS_RETURN_IF_ERROR(RecordWilling(play, one.case_id()));
  teller.Step("HHS orr-3101", "records that the person is willing to assist, 107(b)(1)(E)(i)(I)");
  WS_ASSIGN_OR_RETURN(std::string consultation, Consult(play, one));
  teller.Remember("consultation of DOJ", consultation);
  teller.Step("DOJ ag-1501", "is consulted for the Attorney General, and concurs");
  WS_ASSIGN_OR_RETURN(std::string number,
                      IssueLetter(play, one.case_id(), hhs::v1::LETTER_KIND_CERTIFICATION));
  teller.Step("HHS orr-3102", absl::StrCat("countersigns the certification letter ", number),
              Tone::kGood);
  return number;
}

// The person carries the letter; the office asks by its number and learns no more.
absl::Status ShowLetter(Stage& stage, const std::string& number) {
  auto& [play, teller, signals, data_dir] = stage;
  WS_ASSIGN_OR_RETURN(auto verified, VerifyLetter(play, number));
  WS_RETURN_IF_ERROR(Must(verified.state() == hhs::v1::LETTER_STATE_VALID, "letter",
                          Words(verified.state()), "valid"));
  teller.Step("county office",
              absl::StrCat("asks about ", number, ": VALID, ", Words(verified.kind()),
                           "; it learns no name, no status"),
              Tone::kGood);
  const std::string wrong = Mistyped(number);
  WS_RETURN_IF_ERROR(Refused(VerifyLetter(play, wrong).status(), "LETTER_NUMBER_INVALID").status());
  teller.Step("", absl::StrCat("asks about ", wrong, ": refused, the check digits are wrong"),
              Tone::kBad);
  return absl::OkStatus();
}

absl::Status Serve(Stage& stage, const std::string& person, const std::string& number) {
  auto& [play, teller, signals, data_dir] = stage;
  WS_ASSIGN_OR_RETURN(
      std::string consent,
      RecordConsent(play, kOrr, person, {referral::v1::CONSENT_PURPOSE_SERVICES}, {"dol"}, 180));
  dol::v1::ServicesReferral body;
  body.add_services(dol::v1::SERVICE_KIND_JOB_TRAINING);
  body.add_services(dol::v1::SERVICE_KIND_JOB_SEARCH);
  body.set_letter_number(number);
  body.set_needs("SYNTHETIC. Evenings only.");
  WS_ASSIGN_OR_RETURN(auto opened,
                      OpenCase(play, kOrr, UnderConsent("dol/eta", person, consent), body));
  const std::string& referral = opened.referral_id();
  teller.Remember("services by DOL", referral);
  teller.Step("HHS orr-3101", "refers the person, who agrees, to DOL's One-Stop system");
  WS_RETURN_IF_ERROR(TakeUpCase(play, kEta, referral).status());
  dol::v1::ServicesOutcome outcome;
  for (auto [service, kind] :
       {std::pair(dol::v1::SERVICE_KIND_JOB_TRAINING, dol::v1::SERVICES_OUTCOME_KIND_COMPLETED),
        std::pair(dol::v1::SERVICE_KIND_JOB_SEARCH, dol::v1::SERVICES_OUTCOME_KIND_PLACED)}) {
    outcome.add_outcomes()->set_service(service);
    outcome.mutable_outcomes()->rbegin()->set_outcome(kind);
  }
  WS_RETURN_IF_ERROR(AnswerCaseWith(play, kEta, referral, outcome).status());
  teller.Step("DOL eta-4201", "takes it up and answers");
  WS_ASSIGN_OR_RETURN(auto answered,
                      AwaitCase(play, kOrr, referral, types::v1::REFERRAL_STATE_ANSWERED));
  dol::v1::ServicesOutcome read;
  WS_RETURN_IF_ERROR(Must(answered.answer().UnpackTo(&read) && read.outcomes_size() == 2,
                          "services", "no outcome", "one for each service"));
  std::string words;
  for (const dol::v1::ServiceOutcome& one : read.outcomes()) {
    absl::StrAppend(&words, words.empty() ? "" : ", ", Words(one.service()), " ",
                    Words(one.outcome()));
  }
  teller.Step("HHS orr-3101", "reads: " + words, Tone::kGood);
  // Whoever reads how it ended has nothing more to do: that is seen at the next look.
  WS_ASSIGN_OR_RETURN(auto seen, ReadCase(play, kOrr, referral));
  teller.End(person, seen.standing());
  return absl::OkStatus();
}

}  // namespace

absl::Status PlayServitude(Stage& stage) {
  WS_ASSIGN_OR_RETURN(std::string person, CallToIntake(stage));
  WS_RETURN_IF_ERROR(LetStay(stage, person));
  WS_ASSIGN_OR_RETURN(std::string number, Certify(stage, person));
  WS_RETURN_IF_ERROR(ShowLetter(stage, number));
  return Serve(stage, person, number);
}

}  // namespace waystation::cli
