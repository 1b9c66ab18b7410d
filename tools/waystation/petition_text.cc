#include "tools/waystation/petition_text.h"

#include "absl/strings/str_cat.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/text.h"

namespace waystation::cli {
namespace {

// Nothing is due once nobody holds a next move.
bool IsFinal(types::v1::ReferralState state) {
  switch (state) {
    case types::v1::REFERRAL_STATE_RETURNED:
    case types::v1::REFERRAL_STATE_ANSWERED:
    case types::v1::REFERRAL_STATE_CANCELLED:
    case types::v1::REFERRAL_STATE_EXPIRED:
    case types::v1::REFERRAL_STATE_ENTERED_IN_ERROR:
      return true;
    default:
      return false;
  }
}

template <typename Petition>
Fields Head(const Petition& petition) {
  Fields fields = {
      {"referral", FormatReferralId(petition.referral_id())},
      {"state", absl::StrCat(Words(petition.state()), " (version ", petition.version(), ")")},
      {"person", petition.person()}};
  if (petition.has_due_time() && !IsFinal(petition.state())) {
    fields.push_back({"next move due",
                      absl::StrCat(TimeText(petition.due_time()), " by ", petition.due_basis())});
  }
  return fields;
}

void AddContent(const ins::v1::ContinuedPresencePetition& content, Fields* fields) {
  fields->push_back({"case", content.case_number()});
  fields->push_back({"asked for", absl::StrCat(FormatDate(content.requested_from()), " to ",
                                               FormatDate(content.requested_until()))});
  fields->push_back({"circumstances", content.circumstances()});
}

}  // namespace

std::string OfficialWords(const types::v1::ActingOfficial& official) {
  return absl::StrCat(official.staff_id(), ", ", official.title(), ", ", official.unit());
}

std::string DecisionWords(const ins::v1::ContinuedPresenceDecision& decision) {
  std::string words = Words(decision.outcome());
  if (decision.outcome() == ins::v1::DECISION_OUTCOME_GRANTED) {
    absl::StrAppend(
        &words, ": ",
        decision.mechanism_text().empty() ? Words(decision.mechanism()) : decision.mechanism_text(),
        ", ", FormatDate(decision.effective_date()), " to ", FormatDate(decision.expires_on()));
  } else if (!decision.reasons().empty()) {
    absl::StrAppend(&words, ": ", decision.reasons());
  }
  if (decision.has_work_authorization()) {
    absl::StrAppend(&words, ", work authorized (", Words(decision.work_authorization().basis()),
                    ")");
  }
  return words;
}

Fields PetitionFields(const doj::v1::Petition& petition) {
  Fields fields = Head(petition);
  fields.push_back({"petitioner", petition.unit()});
  fields.push_back({"filed", absl::StrCat(TimeText(petition.filed_at()), " by ",
                                          OfficialWords(petition.filed_by()))});
  if (petition.has_content()) AddContent(petition.content(), &fields);
  for (const doj::v1::Warning& warning : petition.warnings()) {
    fields.push_back({"sent in spite of", Cell(warning.text(), Tone::kBad)});
  }
  if (petition.has_decision()) {
    fields.push_back({"decision", Cell(DecisionWords(petition.decision()), Tone::kGood)});
    for (const auto& official : petition.decision().officials()) {
      fields.push_back({"decided by", OfficialWords(official)});
    }
  }
  if (petition.return_reason() != types::v1::RETURN_REASON_UNSPECIFIED) {
    fields.push_back({"returned", Cell(Words(petition.return_reason()), Tone::kBad)});
    fields.push_back({"citation", petition.return_citation()});
  }
  if (!petition.reason_text().empty()) fields.push_back({"reason", petition.reason_text()});
  return fields;
}

Fields PetitionFields(const ins::v1::Petition& petition) {
  Fields fields = Head(petition);
  fields.push_back({"petitioner", petition.from_unit()});
  fields.push_back({"received", TimeText(petition.received_at())});
  if (petition.has_content()) AddContent(petition.content(), &fields);
  for (const ins::v1::RuleRefusal& refusal : petition.refusals()) {
    fields.push_back({"against it", Cell(refusal.text(), Tone::kBad)});
  }
  if (!petition.cancel_reason().empty()) {
    fields.push_back({"petitioner says", Cell(petition.cancel_reason(), Tone::kBad)});
  }
  if (petition.state() == types::v1::REFERRAL_STATE_CANCEL_ASKED) {
    fields.push_back(
        {"next", AsTyped("waystation cancellation " + FormatReferralId(petition.referral_id())) +
                     " --confirm, or --continue --reason TEXT"});
  }
  if (petition.has_proposal()) {
    fields.push_back({"proposed", absl::StrCat(Words(petition.proposal().terms().outcome()), " by ",
                                               OfficialWords(petition.proposal().proposed_by()))});
    fields.push_back({"proposal", petition.proposal().proposal_id()});
    fields.push_back(
        {"next", "a second official: " +
                     AsTyped("waystation answer " + FormatReferralId(petition.referral_id()) +
                             " --countersign --as ID")});
  }
  if (petition.has_decision()) {
    fields.push_back({"decision", Cell(DecisionWords(petition.decision()), Tone::kGood)});
  }
  return fields;
}

}  // namespace waystation::cli
