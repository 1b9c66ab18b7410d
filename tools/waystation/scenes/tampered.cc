#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/clock/clock.h"
#include "common/status/status.h"
#include "tools/waystation/child.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/scenes/calling.h"
#include "tools/waystation/scenes/casework.h"
#include "tools/waystation/scenes/journal_copy.h"
#include "tools/waystation/scenes/scenes.h"
#include "tools/waystation/text.h"

namespace waystation::cli {
namespace {

constexpr absl::Duration kStartPatience = absl::Seconds(20);
constexpr absl::Duration kStopPatience = absl::Seconds(3);
constexpr std::string_view kDamage = "DATA_LOSS";

// Starts a broker on the copy; OK when it is ready. It is stopped either way.
absl::Status StartOn(const JournalCopy& copy, Signals& signals) {
  SystemClock clock;
  WS_ASSIGN_OR_RETURN(
      std::unique_ptr<Child> broker,
      Child::Start(
          {"broker", {ServiceProgram("broker"), "--config=" + copy.ConfigPath()}, copy.LogPath()},
          signals));
  absl::Status ready = broker->AwaitReady(kStartPatience, clock, signals).status();
  if (ready.ok()) StopChildren({broker.get()}, kStopPatience, clock);
  return ready;
}

// What the broker said of the damage, without the log line around it.
absl::StatusOr<std::string> DamageNamed(const absl::Status& refused, const JournalCopy& copy) {
  const std::string text(refused.message());
  const size_t begin = text.find(kDamage);
  if (refused.ok() || begin == std::string::npos) {
    return Unverified(Problem("altered journal", "not refused as damaged",
                              refused.ok() ? "a broker that serves it" : text,
                              "DATA_LOSS naming the block"));
  }
  const std::string named = text.substr(begin, text.find('"', begin) - begin);
  WS_RETURN_IF_ERROR(
      Must(absl::StrContains(named, copy.segment()) && absl::StrContains(named, "block "),
           "altered journal", named, "the segment and the block by name"));
  return named;
}

absl::Status AlterAndStart(Stage& stage) {
  auto& [play, teller, signals, data_dir] = stage;
  WS_ASSIGN_OR_RETURN(JournalCopy copy, JournalCopy::Make(data_dir));
  WS_RETURN_IF_ERROR(copy.FlipNewestByte());
  teller.Step("the operator", absl::StrCat("copies the journal and flips one bit of byte ",
                                           copy.at(), " in ", copy.segment()));
  const absl::Status refused = StartOn(copy, signals);
  if (absl::IsCancelled(refused)) return refused;
  WS_ASSIGN_OR_RETURN(std::string named, DamageNamed(refused, copy));
  teller.Step("a reader's broker", "refuses the copy: " + named, Tone::kBad);
  WS_RETURN_IF_ERROR(copy.FlipNewestByte());
  WS_RETURN_IF_ERROR(StartOn(copy, signals));
  teller.Step("", "with the byte put back it starts: that byte alone was the matter", Tone::kGood);
  teller.Step("the operator", "throws the copy away; the bus's own journal was only ever read");
  return absl::OkStatus();
}

}  // namespace

absl::Status PlayTampered(Stage& stage) {
  auto& [play, teller, signals, data_dir] = stage;
  WS_ASSIGN_OR_RETURN(dol::v1::Call call, RecordCall(play));
  WS_ASSIGN_OR_RETURN(std::string complaint, ReferCall(play, call));
  teller.Remember("complaint to DOJ", complaint);
  teller.Step("DOL line-4101", absl::StrCat("refers a call to DOJ, receipted: ", call.person()));
  WS_RETURN_IF_ERROR(AlterAndStart(stage));
  // The ledger has the receipt since ReferCall; DOL tells what it knew before while the bus
  // is away.
  WS_ASSIGN_OR_RETURN(auto held,
                      AwaitCase(play, kLine, complaint, types::v1::REFERRAL_STATE_RECEIVED));
  teller.End(call.person(), held.standing());
  return absl::OkStatus();
}

}  // namespace waystation::cli
