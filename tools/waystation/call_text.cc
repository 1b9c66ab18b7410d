#include "tools/waystation/call_text.h"

#include "absl/strings/str_cat.h"
#include "tools/waystation/case_text.h"
#include "tools/waystation/message_text.h"
#include "tools/waystation/person_terms.h"
#include "tools/waystation/text.h"

namespace waystation::cli {
namespace {

using dol::v1::Call;
using dol::v1::CallReferral;

void AddText(const std::string& name, const std::string& text, Fields* fields,
             Tone tone = Tone::kPlain) {
  if (!text.empty()) fields->push_back({name, Cell(text, tone)});
}

std::string WishWords(const Call& call) {
  std::string words;
  for (int wish : call.wishes()) {
    absl::StrAppend(&words, words.empty() ? "" : ", ",
                    Words(static_cast<dol::v1::CallerWish>(wish)));
  }
  return words;
}

void AddContact(const Call& call, Fields* fields) {
  const bool plan = call.has_safe_contact();
  for (auto& field : PlanFields(plan ? &call.safe_contact() : nullptr)) fields->push_back(field);
  if (plan && !call.safe_contact_in_force()) {
    AddText("nobody may call", "the plan lacks something, and is not in force", fields, Tone::kBad);
  }
  for (const dol::v1::CallBack& back : call.call_backs()) {
    AddText("called back",
            absl::StrCat(Words(back.outcome()), ", ", TimeText(back.recorded_at()), ", by ",
                         back.made_by().staff_id()),
            fields);
  }
}

void AddReferral(const CallReferral& referral, Fields* fields) {
  AddText(referral.procedure(),
          absl::StrCat(FormatReferralId(referral.referral_id()), ", ",
                       Words(referral.standing().state())),
          fields);
  if (referral.has_complaint_outcome()) {
    AddText("  answer", MessageWords(referral.complaint_outcome()), fields, Tone::kGood);
  }
  if (referral.has_child_outcome()) {
    AddText("  answer", MessageWords(referral.child_outcome()), fields, Tone::kGood);
  }
}

std::string MoveWords(const types::v1::InboxItem& item, absl::Time now) {
  if (item.next_move_agency().empty()) return "nobody";
  return absl::StrCat(HolderOfMove(item), ": ", item.next_move(), ", since ",
                      TimeText(item.since()), " (", AgeWords(now - FromProto(item.since())), ")");
}

}  // namespace

Fields CallFields(const Call& call, absl::Time now) {
  Fields fields;
  for (int i = 0; i < call.do_now_size(); ++i) {
    AddText(absl::StrCat("NOW ", i + 1), call.do_now(i), &fields, Tone::kBad);
  }
  AddText("call", call.call_id(), &fields);
  AddText("person", call.person(), &fields);
  AddText("recorded",
          absl::StrCat(TimeText(call.recorded_at()), " by ", call.recorded_by().staff_id()),
          &fields);
  AddText("age",
          absl::StrCat(KnownAgeWords(call.age()),
                       call.treated_as_child() ? " (treated as a child)" : ""),
          &fields);
  AddText("language", call.language(), &fields);
  AddText("wishes", WishWords(call), &fields);
  AddText("circumstances", call.circumstances(), &fields);
  AddContact(call, &fields);
  for (const std::string& other : call.linked_call_ids()) AddText("linked", other, &fields);
  for (const CallReferral& referral : call.referrals()) AddReferral(referral, &fields);
  AddText("next move", MoveWords(call.standing(), now), &fields);
  AddText("closed", call.closed_because(), &fields);
  return fields;
}

Table CallTable(const std::vector<Call>& calls, absl::Time now) {
  Table table{{"CALL", "PERSON", "RECORDED", "DANGER", "CHILD", "NEXT MOVE", "SINCE"}, {}};
  for (const Call& call : calls) {
    const types::v1::InboxItem& item = call.standing();
    table.rows.push_back({call.call_id(), call.person(), TimeText(call.recorded_at()),
                          call.danger_now() ? Cell("YES", Tone::kBad) : Cell("no"),
                          call.treated_as_child() ? "yes" : "no", HolderOfMove(item),
                          item.has_since() ? AgeWords(now - FromProto(item.since())) : ""});
  }
  return table;
}

}  // namespace waystation::cli
