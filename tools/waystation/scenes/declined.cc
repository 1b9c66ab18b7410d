#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "tools/waystation/scenes/casework.h"
#include "tools/waystation/scenes/certifying.h"
#include "tools/waystation/scenes/scenes.h"
#include "tools/waystation/text.h"
#include "waystation/dol/v1/services.pb.h"
#include "waystation/dos/v1/return.pb.h"
#include "waystation/usaid/v1/reintegration.pb.h"

namespace waystation::cli {
namespace {

using types::v1::REFERRAL_STATE_ANSWERED;

constexpr char kPrm[] = "prm-5301";
constexpr char kMission[] = "mission-6101";
constexpr char kEta[] = "eta-4201";
constexpr int kConsentDays = 180;

// What is open for the person: who holds what.
struct Open {
  std::string person;
  std::string consent;
  std::string services;
  std::string home;
  std::string onward;
};

absl::Status OpenServices(Stage& stage, Open& open) {
  auto& [play, teller, signals, data_dir] = stage;
  WS_ASSIGN_OR_RETURN(std::string consent, RecordConsent(play, kOrr, open.person,
                                                         {referral::v1::CONSENT_PURPOSE_SERVICES},
                                                         {"dol"}, kConsentDays));
  dol::v1::ServicesReferral body;
  body.add_services(dol::v1::SERVICE_KIND_LANGUAGE_TRAINING);
  WS_ASSIGN_OR_RETURN(auto opened,
                      OpenCase(play, kOrr, UnderConsent("dol/eta", open.person, consent), body));
  open.services = opened.referral_id();
  teller.Remember("services by DOL", open.services);
  WS_RETURN_IF_ERROR(TakeUpCase(play, kEta, open.services).status());
  teller.Step("DOL eta-4201", "takes up language training, under a consent of its own");
  return absl::OkStatus();
}

dos::v1::ReturnReferral ReturnBody(const Play& play, const std::string& consent) {
  dos::v1::ReturnReferral body;
  body.set_country("MD");
  for (dos::v1::ReturnConsent* one :
       {body.mutable_return_consent(), body.mutable_origin_government_consent(),
        body.mutable_iom_consent()}) {
    one->set_given(true);
    one->set_consent_id(consent);
    *one->mutable_valid_until() = play.Day(kConsentDays);
  }
  body.mutable_risk()->set_level(dos::v1::RISK_LEVEL_LOW);
  body.mutable_risk()->set_summary("SYNTHETIC. Family awaits.");
  *body.mutable_risk()->mutable_made_on() = play.Day(0);
  body.mutable_age()->set_bracket(types::v1::AGE_BRACKET_TWENTY_ONE_OR_OLDER);
  return body;
}

absl::Status OpenReturn(Stage& stage, Open& open) {
  auto& [play, teller, signals, data_dir] = stage;
  WS_ASSIGN_OR_RETURN(open.consent,
                      RecordConsent(play, kOrr, open.person,
                                    {referral::v1::CONSENT_PURPOSE_RETURN,
                                     referral::v1::CONSENT_PURPOSE_TELL_ORIGIN_GOVERNMENT,
                                     referral::v1::CONSENT_PURPOSE_SHARE_WITH_IOM},
                                    {"dos", "usaid"}, kConsentDays));
  WS_ASSIGN_OR_RETURN(auto opened,
                      OpenCase(play, kOrr, UnderConsent("dos/prm", open.person, open.consent),
                               ReturnBody(play, open.consent)));
  open.home = opened.referral_id();
  teller.Remember("return to DOS", open.home);
  teller.Step("HHS orr-3101",
              "refers a wished return under three consents: return, government, IOM");
  WS_RETURN_IF_ERROR(TakeUpCase(play, kPrm, open.home).status());
  usaid::v1::ReintegrationReferral body;
  body.set_country("MD");
  body.add_support(usaid::v1::REINTEGRATION_SUPPORT_SHELTER);
  WS_ASSIGN_OR_RETURN(auto onward, ForwardCase(play, kPrm, open.home, "usaid/missions", body));
  open.onward = onward.referral_id();
  teller.Remember("reintegration by USAID", open.onward);
  WS_RETURN_IF_ERROR(TakeUpCase(play, kMission, open.onward).status());
  WS_RETURN_IF_ERROR(
      AwaitCase(play, kPrm, open.onward, types::v1::REFERRAL_STATE_TAKEN_UP).status());
  teller.Step("DOS prm-5301", "takes it up, and forwards to USAID, which takes up the shelter");
  return absl::OkStatus();
}

// The change has come to a holder, who has not answered it.
absl::Status AwaitWithdrawal(Play& play, const std::string& staff_id, const std::string& referral) {
  return play.Await("the withdrawal for " + staff_id, [&]() -> absl::StatusOr<bool> {
    WS_ASSIGN_OR_RETURN(auto held, ReadCase(play, staff_id, referral));
    return held.has_scope() && held.scope().purposes().empty();
  });
}

// A change of scope is answered from the far end: who passed it on answers last.
absl::Status ConfirmScope(Play& play, const std::string& staff_id, const std::string& referral) {
  casework::v1::StepReferralRequest step;
  step.set_transition(types::v1::TRANSITION_SCOPE_CONFIRMED);
  return play.Await("the confirmation of " + staff_id, [&]() -> absl::StatusOr<bool> {
    absl::Status status = TakeStep(play, staff_id, referral, step).status();
    if (ReasonOf(status) == "ONWARD_UNANSWERED") return false;
    WS_RETURN_IF_ERROR(status);
    return true;
  });
}

absl::Status Withdraw(Stage& stage, const Open& open) {
  auto& [play, teller, signals, data_dir] = stage;
  WS_ASSIGN_OR_RETURN(auto changed, WithdrawConsent(play, kOrr, open.consent,
                                                    "SYNTHETIC. The person wishes to stay."));
  teller.Step("the person", "declines to return; HHS withdraws the consent from every holder");
  for (const casework::v1::Holder& holder : changed.holders()) {
    teller.Step("", absl::StrCat(holder.agency(), ": ", Words(holder.answer())), Tone::kQuiet);
  }
  WS_RETURN_IF_ERROR(AwaitWithdrawal(play, kPrm, open.home));
  WS_RETURN_IF_ERROR(AwaitWithdrawal(play, kMission, open.onward));
  dos::v1::ReturnOutcome returned;
  returned.set_kind(dos::v1::RETURN_OUTCOME_KIND_RETURNED);
  *returned.mutable_returned_on() = play.Day(0);
  WS_ASSIGN_OR_RETURN(
      std::string why,
      Refused(AnswerCaseWith(play, kPrm, open.home, returned).status(), "RETURN_CONSENT_MISSING"));
  teller.Step("DOS prm-5301", "would report a return, refused: " + why, Tone::kBad);
  return absl::OkStatus();
}

absl::Status ShowHolders(Stage& stage, const Open& open) {
  Play& play = stage.play;
  Teller& teller = stage.teller;
  WS_RETURN_IF_ERROR(ConfirmScope(play, kMission, open.onward));
  teller.Step("USAID mission-6101", "confirms: it holds nothing under the consent any more");
  WS_RETURN_IF_ERROR(ConfirmScope(play, kPrm, open.home));
  teller.Step("DOS prm-5301", "can confirm only now, after everyone it passed it on to");
  casework::v1::GetConsentResponse consent;
  WS_RETURN_IF_ERROR(play.Await("every holder's answer at HHS", [&]() -> absl::StatusOr<bool> {
    WS_ASSIGN_OR_RETURN(consent, ReadConsent(play, kOrr, open.consent));
    for (const casework::v1::Holder& holder : consent.holders()) {
      if (holder.answer() == referral::v1::SCOPE_ANSWER_PENDING) return false;
    }
    return consent.holders_size() > 0;
  }));
  std::string words;
  for (const casework::v1::Holder& holder : consent.holders()) {
    absl::StrAppend(&words, words.empty() ? "" : ", ", holder.agency(), " ", Words(holder.answer()),
                    holder.onward() ? " (onward)" : "");
  }
  teller.Step("HHS orr-3101", "reads every holder's answer: " + words, Tone::kGood);
  return absl::OkStatus();
}

// Nobody waits where nobody comes.
absl::Status CancelOnward(Stage& stage, const Open& open) {
  auto& [play, teller, signals, data_dir] = stage;
  casework::v1::StepReferralRequest cancel;
  cancel.set_transition(types::v1::TRANSITION_CANCEL);
  cancel.set_reason_text("SYNTHETIC. The return was declined.");
  WS_RETURN_IF_ERROR(TakeStep(play, kPrm, open.onward, std::move(cancel)).status());
  WS_RETURN_IF_ERROR(
      AwaitCase(play, kMission, open.onward, types::v1::REFERRAL_STATE_CANCEL_ASKED).status());
  casework::v1::StepReferralRequest confirm;
  confirm.set_transition(types::v1::TRANSITION_CONFIRM_CANCEL);
  WS_RETURN_IF_ERROR(TakeStep(play, kMission, open.onward, std::move(confirm)).status());
  WS_RETURN_IF_ERROR(
      AwaitCase(play, kPrm, open.onward, types::v1::REFERRAL_STATE_CANCELLED).status());
  dos::v1::ReturnOutcome declined;
  declined.set_kind(dos::v1::RETURN_OUTCOME_KIND_DECLINED);
  WS_RETURN_IF_ERROR(AnswerCaseWith(play, kPrm, open.home, declined).status());
  WS_RETURN_IF_ERROR(AwaitCase(play, kOrr, open.home, REFERRAL_STATE_ANSWERED).status());
  teller.Step("DOS prm-5301", "cancels the shelter and answers: declined");
  return absl::OkStatus();
}

absl::Status ServicesGoOn(Stage& stage, const Open& open) {
  auto& [play, teller, signals, data_dir] = stage;
  WS_ASSIGN_OR_RETURN(auto held, ReadCase(play, kEta, open.services));
  WS_RETURN_IF_ERROR(Must(held.state() == types::v1::REFERRAL_STATE_TAKEN_UP, "services",
                          Words(held.state()), "taken up, as before"));
  dol::v1::ServicesOutcome outcome;
  outcome.add_outcomes()->set_service(dol::v1::SERVICE_KIND_LANGUAGE_TRAINING);
  outcome.mutable_outcomes(0)->set_outcome(dol::v1::SERVICES_OUTCOME_KIND_ENROLLED);
  WS_RETURN_IF_ERROR(AnswerCaseWith(play, kEta, open.services, outcome).status());
  WS_RETURN_IF_ERROR(AwaitCase(play, kOrr, open.services, REFERRAL_STATE_ANSWERED).status());
  teller.Step("DOL eta-4201", "goes on as if nothing had happened: language training enrolled",
              Tone::kGood);
  // Whoever reads how it ended has nothing more to do: that is seen at the next look.
  WS_ASSIGN_OR_RETURN(auto seen, ReadCase(play, kOrr, open.services));
  teller.End(open.person, seen.standing());
  return absl::OkStatus();
}

}  // namespace

absl::Status PlayDeclined(Stage& stage) {
  auto& [play, teller, signals, data_dir] = stage;
  WS_ASSIGN_OR_RETURN(auto one, OpenCertificationCase(play, hhs::v1::CASE_DOOR_SELF));
  Open open;
  open.person = one.person();
  types::v1::PersonAge age;
  age.set_bracket(types::v1::AGE_BRACKET_TWENTY_ONE_OR_OLDER);
  WS_RETURN_IF_ERROR(RecordAge(play, one.case_id(), age).status());
  teller.Step("HHS orr-3101", absl::StrCat("opens a case of one who came alone: ", open.person));
  WS_RETURN_IF_ERROR(OpenServices(stage, open));
  WS_RETURN_IF_ERROR(OpenReturn(stage, open));
  WS_RETURN_IF_ERROR(Withdraw(stage, open));
  WS_RETURN_IF_ERROR(ShowHolders(stage, open));
  WS_RETURN_IF_ERROR(CancelOnward(stage, open));
  return ServicesGoOn(stage, open);
}

}  // namespace waystation::cli
