#include <string>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "tools/waystation/petition_text.h"
#include "tools/waystation/scenes/casework.h"
#include "tools/waystation/scenes/certifying.h"
#include "tools/waystation/scenes/petitioning.h"
#include "tools/waystation/scenes/scenes.h"
#include "tools/waystation/text.h"
#include "waystation/ins/v1/petition.pb.h"

namespace waystation::cli {
namespace {

constexpr char kConsul[] = "consul-5101";
constexpr char kSecurity[] = "agent-5201";
constexpr char kVermont[] = "ins/vermont-service-center";

// HHS makes no findings: it has none to name.
ins::v1::ContinuedPresencePetition PetitionOfOrr(const Play& play) {
  ins::v1::ContinuedPresencePetition body;
  body.set_unit("hhs/orr");
  body.set_case_number("SYN-2002-0003");
  body.set_kind(ins::v1::PETITION_KIND_INITIAL);
  body.set_circumstances("SYNTHETIC. Would be homeless otherwise.");
  body.set_potential_witness_certified(true);
  *body.mutable_requested_from() = play.Day(0);
  *body.mutable_requested_until() = play.Day(90);
  return body;
}

// HHS asks for a person who came to it; INS's rules return it by themselves.
absl::Status PetitionByHhs(Stage& stage) {
  auto& [play, teller, signals, data_dir] = stage;
  WS_ASSIGN_OR_RETURN(auto one, OpenCertificationCase(play, hhs::v1::CASE_DOOR_NGO));
  casework::v1::OpenReferralRequest request;
  request.set_to_unit(kVermont);
  request.set_person(one.person());
  request.mutable_basis()->set_kind(referral::v1::DISCLOSURE_BASIS_KIND_STATUTORY_DUTY);
  request.mutable_basis()->set_citation("TVPA 107(c)(3)");
  WS_ASSIGN_OR_RETURN(auto opened, OpenCase(play, kOrr, std::move(request), PetitionOfOrr(play)));
  teller.Remember("petition of HHS", opened.referral_id());
  teller.Step("HHS orr-3101", "petitions INS for continued presence");
  WS_ASSIGN_OR_RETURN(auto returned, AwaitCase(play, kOrr, opened.referral_id(),
                                               types::v1::REFERRAL_STATE_RETURNED));
  teller.Step("INS",
              absl::StrCat("returns it, ", Words(returned.return_detail().reason()), ": ",
                           returned.return_detail().citation()),
              Tone::kBad);
  return absl::OkStatus();
}

// Diplomacy is no law enforcement either: warned, and returned all the same.
absl::Status PetitionByConsul(Stage& stage) {
  auto& [play, teller, signals, data_dir] = stage;
  WS_ASSIGN_OR_RETURN(std::string person, OpenIntake(play, kConsul));
  WS_RETURN_IF_ERROR(RecordFinding(play, kConsul, person));
  Filing filing{.case_number = "SYN-2002-0004"};
  auto warned = FilePetition(play, kConsul, person, filing);
  WS_RETURN_IF_ERROR(Refused(warned.status(), "WARNINGS_NOT_ACKNOWLEDGED").status());
  teller.Step("DOS consul-5101", "would petition, is warned that INS will refuse, sends it anyway");
  filing.in_spite = true;
  WS_ASSIGN_OR_RETURN(doj::v1::Petition petition, FilePetition(play, kConsul, person, filing));
  teller.Remember("petition of a consul", petition.referral_id());
  WS_ASSIGN_OR_RETURN(auto returned, AwaitFiled(play, kConsul, petition.referral_id(),
                                                types::v1::REFERRAL_STATE_RETURNED));
  teller.Step("INS",
              absl::StrCat("returns it, ", Words(returned.return_reason()), ": ",
                           returned.return_citation()),
              Tone::kBad);
  return absl::OkStatus();
}

absl::Status PetitionBySecurity(Stage& stage) {
  auto& [play, teller, signals, data_dir] = stage;
  WS_ASSIGN_OR_RETURN(std::string person, OpenIntake(play, kSecurity));
  WS_RETURN_IF_ERROR(RecordFinding(play, kSecurity, person));
  WS_RETURN_IF_ERROR(RecordDuties(play, kSecurity, person).status());
  WS_ASSIGN_OR_RETURN(doj::v1::Petition petition,
                      FilePetition(play, kSecurity, person, {.case_number = "SYN-2002-0005"}));
  const std::string& referral = petition.referral_id();
  teller.Remember("petition to INS", referral);
  teller.Step("DOS agent-5201", absl::StrCat("of Diplomatic Security petitions, for ", person));
  WS_RETURN_IF_ERROR(play.AwaitReceived(referral));
  WS_RETURN_IF_ERROR(TakeUpPetition(play, "adjudicator-2101", referral));
  WS_RETURN_IF_ERROR(GrantPetition(play, "adjudicator-2101", "supervisor-2103", referral));
  WS_ASSIGN_OR_RETURN(auto answered,
                      AwaitFiled(play, kSecurity, referral, types::v1::REFERRAL_STATE_ANSWERED));
  teller.Step("INS", "takes it up; two officials decide: " + DecisionWords(answered.decision()),
              Tone::kGood);
  WS_ASSIGN_OR_RETURN(auto one, AwaitStatusNotice(play, person));
  teller.Remember("notice to HHS", one.status(0).referral_id());
  return EndOnCase(play, teller, person, "decided");
}

}  // namespace

absl::Status PlayPetitioners(Stage& stage) {
  WS_RETURN_IF_ERROR(PetitionByHhs(stage));
  WS_RETURN_IF_ERROR(PetitionByConsul(stage));
  return PetitionBySecurity(stage);
}

}  // namespace waystation::cli
