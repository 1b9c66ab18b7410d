#include "tools/waystation/presence_text.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/text.h"

namespace waystation::cli {
namespace {

using ins::v1::Presence;

// DOJ knows that it was granted, and no more until INS says that it ended.
Cell StateCell(ins::v1::PresenceState state) {
  switch (state) {
    case ins::v1::PRESENCE_STATE_UNSPECIFIED:
      return {"granted", Tone::kGood};
    case ins::v1::PRESENCE_STATE_ACTIVE:
      return {Words(state), Tone::kGood};
    case ins::v1::PRESENCE_STATE_END_PROPOSED:
      return {Words(state), Tone::kBad};
    default:
      return {Words(state), Tone::kQuiet};
  }
}

std::string MechanismText(const Presence& presence) {
  return presence.mechanism_text().empty() ? Words(presence.mechanism())
                                           : presence.mechanism_text();
}

std::string WorkUntil(const Presence& presence) {
  return presence.has_work_authorization() ? FormatDate(presence.work_authorization().expires_on())
                                           : "";
}

}  // namespace

Fields PresenceFields(const Presence& presence) {
  Fields fields = {
      {"presence", presence.presence_id()},
      {"state", StateCell(presence.state())},
      {"person", presence.person()},
      {"petitioner", presence.petitioner_unit()},
      {"referral", FormatReferralId(presence.referral_id())},
      {"mechanism", MechanismText(presence)},
      {"lasts", absl::StrCat(FormatDate(presence.effective_date()), " to ",
                             FormatDate(presence.expires_on()))},
      {"work", presence.has_work_authorization() ? WorkWords(presence.work_authorization())
                                                 : "not authorized"}};
  if (!presence.renews_presence_id().empty()) {
    fields.push_back({"renews", presence.renews_presence_id()});
  }
  if (presence.end_reason() != ins::v1::PRESENCE_END_REASON_UNSPECIFIED) {
    fields.push_back({"ended because", Words(presence.end_reason())});
  }
  // The proposer stays on the record of a presence that has ended.
  if (presence.has_end_proposed_by()) {
    fields.push_back({"end proposed by", OfficialWords(presence.end_proposed_by())});
  }
  return fields;
}

Table PresenceTable(const std::vector<Presence>& presences) {
  Table table{
      {"PRESENCE", "STATE", "PERSON", "PETITIONER", "MECHANISM", "FROM", "UNTIL", "WORK UNTIL"},
      {}};
  for (const Presence& presence : presences) {
    table.rows.push_back({presence.presence_id(), StateCell(presence.state()), presence.person(),
                          presence.petitioner_unit(), MechanismText(presence),
                          FormatDate(presence.effective_date()), FormatDate(presence.expires_on()),
                          WorkUntil(presence)});
  }
  return table;
}

std::string SecondEndCommand(const ins::v1::EndPresenceRequest& request) {
  std::string kind = Words(request.reason());
  std::replace(kind.begin(), kind.end(), ' ', '-');
  std::string command =
      absl::StrCat("waystation presence end ", request.presence_id(), " --kind ", kind);
  if (!request.reason_text().empty()) {
    absl::StrAppend(&command, " --reason ", ShellWord(request.reason_text()));
  }
  return absl::StrCat(AsTyped(command), " --on ", FormatDate(request.ended_on()), " --as ID");
}

}  // namespace waystation::cli
