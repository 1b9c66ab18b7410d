#include "tools/waystation/case_text.h"

#include "absl/strings/str_cat.h"
#include "tools/waystation/message_text.h"
#include "tools/waystation/text.h"

namespace waystation::cli {
namespace {

using casework::v1::Consent;
using casework::v1::Referral;

void Append(const Fields& more, Fields* fields) {
  fields->insert(fields->end(), more.begin(), more.end());
}

void AddText(const std::string& name, const std::string& text, Fields* fields,
             Tone tone = Tone::kPlain) {
  if (!text.empty()) fields->push_back({name, Cell(text, tone)});
}

std::string StandingWords(const types::v1::InboxItem& item, absl::Time now) {
  if (item.next_move_agency().empty()) return "nobody holds a next move";
  std::string words = absl::StrCat(HolderOfMove(item), ": ", item.next_move());
  if (!item.has_since()) return words;
  return absl::StrCat(words, ", since ", TimeText(item.since()), " (",
                      AgeWords(now - FromProto(item.since())), ")");
}

template <typename Values>
std::string Joined(const Values& values) {
  std::string words;
  for (const auto& value : values) absl::StrAppend(&words, words.empty() ? "" : ", ", value);
  return words;
}

std::string PurposeWords(const referral::v1::ConsentScope& scope) {
  std::vector<std::string> words;
  for (int purpose : scope.purposes()) {
    words.push_back(Words(static_cast<referral::v1::ConsentPurpose>(purpose)));
  }
  return Joined(words);
}

std::string ScopeWords(const referral::v1::ConsentScope& scope) {
  if (scope.purposes().empty()) return "withdrawn";
  return absl::StrCat(PurposeWords(scope), "; by ", Joined(scope.agencies()), "; until ",
                      TimeText(scope.valid_until()));
}

void AddBasis(const Referral& referral, Fields* fields) {
  const referral::v1::DisclosureBasis& basis = referral.basis();
  if (basis.kind() == referral::v1::DISCLOSURE_BASIS_KIND_UNSPECIFIED) return;
  std::string words = Words(basis.kind());
  for (const std::string& part : {basis.citation(), basis.consent_id(), basis.circumstances()}) {
    if (!part.empty()) absl::StrAppend(&words, ": ", part);
  }
  if (basis.scope_version() > 0) absl::StrAppend(&words, ", version ", basis.scope_version());
  AddText("basis", words, fields);
  if (referral.has_scope()) AddText("scope", ScopeWords(referral.scope()), fields);
  if (referral.scope_unanswered()) {
    AddText("scope", "the target has not answered the latest change", fields, Tone::kBad);
  }
}

std::string OnwardWords(const referral::v1::OnwardHop& hop) {
  std::string words = hop.answered() ? "answered" : "open, or ended otherwise";
  if (!hop.agency().empty()) words = absl::StrCat(hop.agency(), ": ", words);
  const std::string answer = Words(hop.scope_answer());
  if (!answer.empty()) absl::StrAppend(&words, "; change of scope: ", answer);
  if (!hop.authority().empty()) absl::StrAppend(&words, " under ", hop.authority());
  return words;
}

std::string GlassWords(const casework::v1::BrokenGlass& broken) {
  const referral::v1::BreakGlass& glass = broken.glass();
  return absl::StrCat("by ", ActingWords(glass.officer()), ", ", TimeText(glass.broken_at()),
                      " until ", TimeText(glass.until()), ": ", glass.reason());
}

void AddContent(const Referral& referral, Fields* fields) {
  AddText("withheld", referral.withheld_because(), fields, Tone::kBad);
  if (referral.has_request()) Append(BodyFields(referral.request(), "asked:"), fields);
  for (const auto& rule : referral.broken_rules()) {
    AddText("against it", rule.text(), fields, Tone::kBad);
  }
  if (referral.has_proposal()) {
    Append(BodyFields(referral.proposal().body(), "proposed:"), fields);
    AddText("proposed by", ActingWords(referral.proposal().proposed_by()), fields);
    AddText("proposal", referral.proposal().proposal_id(), fields);
  }
  if (referral.has_answer()) Append(BodyFields(referral.answer(), "answer:"), fields);
  for (const auto& hop : referral.onward()) AddText("onward", OnwardWords(hop), fields);
  for (const auto& glass : referral.broken_glass()) {
    AddText("glass broken", GlassWords(glass), fields, Tone::kBad);
  }
}

void AddEnd(const Referral& referral, Fields* fields) {
  if (referral.has_return_detail()) {
    AddText("returned", Words(referral.return_detail().reason()), fields, Tone::kBad);
    AddText("citation", referral.return_detail().citation(), fields);
  }
  AddText("reason", referral.reason_text(), fields);
  for (const auto& official : referral.ended_by()) {
    AddText("ended by", ActingWords(official), fields);
  }
  AddText("problem", referral.problem(), fields, Tone::kBad);
}

}  // namespace

std::string AgeWords(absl::Duration age) {
  if (age < absl::Seconds(1)) return "now";
  if (age < absl::Minutes(2)) return absl::StrCat(absl::ToInt64Seconds(age), " s");
  if (age < absl::Hours(2)) return absl::StrCat(absl::ToInt64Minutes(age), " min");
  if (age < absl::Hours(48)) return absl::StrCat(absl::ToInt64Hours(age), " h");
  return absl::StrCat(absl::ToInt64Hours(age) / 24, " d");
}

std::string HolderOfMove(const types::v1::InboxItem& item) {
  if (!item.next_move_unit().empty()) return item.next_move_unit();
  return item.next_move_agency().empty() ? "nobody" : item.next_move_agency();
}

Cell DueCell(const types::v1::InboxItem& item) {
  if (item.overdue()) return {"OVERDUE since " + TimeText(item.due_time()), Tone::kBad};
  return item.has_due_time() ? TimeText(item.due_time()) : "";
}

Fields CaseFields(const Referral& referral, absl::Time now) {
  Fields fields = {{"referral", FormatReferralId(referral.referral_id())},
                   {"procedure", referral.procedure()},
                   {"person", referral.person()},
                   {"state", Words(referral.state())},
                   {"our part", Words(referral.role())},
                   {"from", referral.from_unit()},
                   {"to", referral.to_unit()},
                   {"next move", StandingWords(referral.standing(), now)}};
  AddText("opened", TimeText(referral.opened_at()), &fields);
  AddText("due", TimeText(referral.due_time()), &fields);
  AddText("due by", referral.due_basis(), &fields);
  if (!referral.forwards_referral_id().empty()) {
    AddText("forwards", FormatReferralId(referral.forwards_referral_id()), &fields);
  }
  AddBasis(referral, &fields);
  for (const auto& official : referral.requested_by()) {
    AddText("asked by", ActingWords(official), &fields);
  }
  AddContent(referral, &fields);
  AddEnd(referral, &fields);
  return fields;
}

Table CasesTable(const std::vector<Referral>& referrals, absl::Time now) {
  Table table{{"REFERRAL", "PROCEDURE", "PERSON", "STATE", "FROM", "TO", "NEXT MOVE OF", "SINCE"},
              {}};
  for (const Referral& referral : referrals) {
    const types::v1::InboxItem& item = referral.standing();
    table.rows.push_back({FormatReferralId(referral.referral_id()), referral.procedure(),
                          referral.person(), Words(referral.state()), referral.from_unit(),
                          referral.to_unit(), HolderOfMove(item),
                          item.has_since() ? AgeWords(now - FromProto(item.since())) : ""});
  }
  return table;
}

Fields ConsentFields(const Consent& consent) {
  Fields fields = {{"consent", consent.consent_id()},
                   {"person", consent.person()},
                   {"scope", ScopeWords(consent.scope())},
                   {"version", absl::StrCat(consent.scope_version())},
                   {"given by", Words(consent.given_by())},
                   {"given on", FormatDate(consent.given_on())},
                   {"recorded by", ActingWords(consent.recorded_by())}};
  AddText("changed because", consent.change_reason(), &fields);
  return fields;
}

Fields HolderFields(const google::protobuf::RepeatedPtrField<casework::v1::Holder>& holders) {
  Fields fields;
  for (const casework::v1::Holder& holder : holders) {
    const std::string answer = Words(holder.answer());
    std::string words =
        absl::StrCat(holder.agency(), ": ", answer.empty() ? "holds it, nothing asked" : answer);
    if (!holder.authority().empty()) absl::StrAppend(&words, " under ", holder.authority());
    if (holder.onward()) absl::StrAppend(&words, " (from another holder)");
    if (!holder.referral_id().empty()) {
      absl::StrAppend(&words, ", referral ", FormatReferralId(holder.referral_id()));
    }
    AddText("holder", words, &fields,
            holder.answer() == referral::v1::SCOPE_ANSWER_PENDING ? Tone::kBad : Tone::kPlain);
  }
  return fields;
}

Table ConsentsTable(const std::vector<Consent>& consents) {
  Table table{{"CONSENT", "VERSION", "GIVEN BY", "ON", "SCOPE"}, {}};
  for (const Consent& consent : consents) {
    table.rows.push_back({consent.consent_id(), absl::StrCat(consent.scope_version()),
                          Words(consent.given_by()), FormatDate(consent.given_on()),
                          ScopeWords(consent.scope())});
  }
  return table;
}

}  // namespace waystation::cli
