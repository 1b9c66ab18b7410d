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
  if (content.kind() == ins::v1::PETITION_KIND_RENEWAL) {
    fields->push_back({"renews", content.prior_presence_id()});
  }
  fields->push_back({"asked for", absl::StrCat(FormatDate(content.requested_from()), " to ",
                                               FormatDate(content.requested_until()))});
  fields->push_back({"circumstances", content.circumstances()});
}

std::string PeriodWords(const std::string& what, const types::v1::Date& from,
                        const types::v1::Date& until) {
  return absl::StrCat(what, ", ", FormatDate(from), " to ", FormatDate(until));
}

template <typename Terms>
std::string MechanismWords(const Terms& terms) {
  return terms.mechanism_text().empty() ? Words(terms.mechanism()) : terms.mechanism_text();
}

template <typename Work>
std::string ClassWords(const Work& work) {
  return work.basis_citation().empty() ? Words(work.basis()) : work.basis_citation();
}

// What the second official is about to sign.
std::string TermsWords(const ins::v1::DecisionTerms& terms) {
  if (terms.outcome() == ins::v1::DECISION_OUTCOME_DENIED) return terms.reasons();
  std::string words =
      PeriodWords(MechanismWords(terms), terms.effective_date(), terms.expires_on());
  if (terms.has_work_authorization()) {
    const ins::v1::WorkAuthorizationTerms& work = terms.work_authorization();
    absl::StrAppend(&words, "; work: ",
                    PeriodWords(ClassWords(work), work.effective_date(), work.expires_on()));
  }
  return words;
}

// The presence is what every later verb asks for.
void AddDecision(const ins::v1::ContinuedPresenceDecision& decision, Fields* fields) {
  fields->push_back({"decision", Cell(DecisionWords(decision), Tone::kGood)});
  if (!decision.presence_id().empty()) fields->push_back({"presence", decision.presence_id()});
}

void AddEnd(const ins::v1::PresenceEndedNotice& ended, Fields* fields) {
  std::string words = absl::StrCat(FormatDate(ended.ended_on()), ", ", Words(ended.reason()));
  if (!ended.reason_text().empty()) absl::StrAppend(&words, ": ", ended.reason_text());
  fields->push_back({"presence ended", Cell(words, Tone::kBad)});
  for (const auto& official : ended.officials()) {
    fields->push_back({"ended by", OfficialWords(official)});
  }
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
        PeriodWords(MechanismWords(decision), decision.effective_date(), decision.expires_on()));
  } else if (!decision.reasons().empty()) {
    absl::StrAppend(&words, ": ", decision.reasons());
  }
  if (decision.has_work_authorization()) {
    absl::StrAppend(&words, ", work authorized (", Words(decision.work_authorization().basis()),
                    ")");
  }
  return words;
}

std::string WorkWords(const ins::v1::WorkAuthorization& work) {
  return absl::StrCat(PeriodWords(ClassWords(work), work.effective_date(), work.expires_on()),
                      ", by ", work.issued_by().staff_id());
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
    AddDecision(petition.decision(), &fields);
    for (const auto& official : petition.decision().officials()) {
      fields.push_back({"decided by", OfficialWords(official)});
    }
  }
  if (petition.has_work_authorization()) {
    fields.push_back({"work", WorkWords(petition.work_authorization())});
  }
  if (petition.has_ended()) AddEnd(petition.ended(), &fields);
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
  // What stood against a petition was weighed when it was decided.
  if (!petition.has_decision()) {
    for (const ins::v1::RuleRefusal& refusal : petition.refusals()) {
      fields.push_back({"against it", Cell(refusal.text(), Tone::kBad)});
    }
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
    fields.push_back({"terms", TermsWords(petition.proposal().terms())});
    fields.push_back({"proposal", petition.proposal().proposal_id()});
    fields.push_back(
        {"next", "a second official: " +
                     AsTyped("waystation answer " + FormatReferralId(petition.referral_id()) +
                             " --countersign --as ID")});
  }
  if (petition.has_decision()) AddDecision(petition.decision(), &fields);
  return fields;
}

}  // namespace waystation::cli
