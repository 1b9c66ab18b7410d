#include <memory>
#include <string>
#include <vector>

#include "common/status/status.h"
#include "google/protobuf/struct.pb.h"
#include "tools/waystation/dev_notice.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/petition_text.h"
#include "tools/waystation/play.h"
#include "tools/waystation/text.h"
#include "tools/waystation/verbs.h"

namespace waystation::cli {
namespace {

constexpr absl::Duration kAnswerPatience = absl::Seconds(15);
constexpr absl::Duration kDueLimit = absl::Minutes(1);
// The third petition is urgent, so that the demo sees it become overdue.
constexpr absl::Duration kNeededWithin = absl::Seconds(2);

struct DemoOptions {
  std::string data;
  bool once = false;
};

void DeclareDemo(CLI::App& verb, DemoOptions& options) {
  verb.add_option("--data", options.data, "Keep the bus in this folder (default: throwaway)");
  verb.add_flag("--once", options.once, "Exit at the end, 0 only if everything verified");
}

// Tells the three cases, a line for each step.
//
// Single-threaded: the command.
class Demo {
 public:
  Demo(Session& session, Play& play) : session_(session), out_(session.out), play_(play) {}

  absl::Status Granted();
  absl::Status ReturnedByLaw();
  absl::Status Stalled();
  // Verifies every history. Errors: FAILED_PRECONDITION (exit code 6).
  absl::Status VerifyAll();
  void PrintNext();

 private:
  struct Told {
    std::string title;
    std::string referral_id;
  };

  void Title(const std::string& title);
  void Step(const std::string& text, Tone tone = Tone::kPlain);
  absl::StatusOr<std::string> Prepare(const std::string& officer);
  absl::StatusOr<doj::v1::Petition> FileAndFollow(
      const std::string& officer, const std::string& person, const std::string& title,
      const std::string& case_number, bool acknowledge,
      absl::Duration needed_within = absl::InfiniteDuration());
  absl::Status AwaitDojState(const std::string& referral_id, types::v1::ReferralState state);
  absl::Status StepNextMove(const std::string& referral_id);
  absl::Status VerifyOne(const Told& told);

  Session& session_;
  Output& out_;
  Play& play_;
  std::string title_;
  std::vector<Told> told_;
};

void Demo::Title(const std::string& title) {
  title_ = title;
  if (!out_.json()) out_.Line("\n" + title);
}

void Demo::Step(const std::string& text, Tone tone) {
  if (!out_.json()) return out_.Line("  " + Printable(text), tone);
  google::protobuf::Struct line;
  (*line.mutable_fields())["part"].set_string_value(title_);
  (*line.mutable_fields())["step"].set_string_value(text);
  (*line.mutable_fields())["synthetic"].set_bool_value(true);
  out_.Line(ToJson(line));
}

// Intake, finding and duties, as every petition needs them.
absl::StatusOr<std::string> Demo::Prepare(const std::string& officer) {
  WS_ASSIGN_OR_RETURN(std::string person, play_.Intake(officer));
  Step(absl::StrCat(officer, " opens an intake; the person is ", person, " from here on"));
  WS_RETURN_IF_ERROR(play_.Finding(officer, person));
  Step("finding: a severe form, TVPA 103(8); it serves this petition and binds no other agency");
  WS_ASSIGN_OR_RETURN(int duties, play_.Duties(officer, person));
  Step(absl::StrCat(duties, " duties under TVPA 107(c) recorded as done"));
  return person;
}

absl::StatusOr<doj::v1::Petition> Demo::FileAndFollow(
    const std::string& officer, const std::string& person, const std::string& title,
    const std::string& case_number, bool acknowledge, absl::Duration needed_within) {
  const absl::Duration begin = session_.clock.Monotonic();
  WS_ASSIGN_OR_RETURN(auto petition,
                      play_.File(officer, person, case_number, acknowledge, needed_within));
  const std::string& id = petition.referral_id();
  told_.push_back({title, id});
  WS_RETURN_IF_ERROR(play_.AwaitReceived(id));
  Step(absl::StrCat("petition filed as ", FormatReferralId(id), ": signed, encrypted, on disk, ",
                    "receipted by INS in ", Seconds(session_.clock.Monotonic() - begin)));
  return petition;
}

// Who holds the next move, and since when: how every case ends on the screen.
absl::Status Demo::StepNextMove(const std::string& referral_id) {
  WS_ASSIGN_OR_RETURN(bus::v1::Referral referral, play_.Ledger(referral_id));
  const std::string since = TimeText(referral.state_since());
  if (referral.next_move().empty()) {
    Step(absl::StrCat("=> ", Words(referral.state()), " since ", since,
                      "; nobody holds a next move"));
  } else {
    Step(absl::StrCat("=> ", Words(referral.state()),
                      "; next move: ", ShortIdentity(referral.next_move()), ", since ", since));
  }
  return absl::OkStatus();
}

absl::Status Demo::AwaitDojState(const std::string& referral_id, types::v1::ReferralState state) {
  return play_.Await("the answer at DOJ", kAnswerPatience, [&]() -> absl::StatusOr<bool> {
    WS_ASSIGN_OR_RETURN(auto petition, play_.AtDoj(referral_id));
    return petition.state() == state;
  });
}

absl::Status Demo::Granted() {
  Title("1. An FBI petition, granted");
  WS_ASSIGN_OR_RETURN(std::string person, Prepare("agent-1101"));
  WS_ASSIGN_OR_RETURN(auto petition, FileAndFollow("agent-1101", person, "granted", "SYN-2002-0001",
                                                   /*acknowledge=*/false));
  const std::string& id = petition.referral_id();
  WS_RETURN_IF_ERROR(play_.TakeUp("adjudicator-2101", id).status());
  Step("adjudicator-2101 takes it up at ins/vermont-service-center");
  WS_RETURN_IF_ERROR(play_.Grant("adjudicator-2101", "supervisor-2103", id).status());
  Step("adjudicator-2101 proposes to grant, supervisor-2103 countersigns: only now it is sent");
  WS_RETURN_IF_ERROR(AwaitDojState(id, types::v1::REFERRAL_STATE_ANSWERED));
  WS_ASSIGN_OR_RETURN(auto answered, play_.AtDoj(id));
  Step("doj reads: " + DecisionWords(answered.decision()), Tone::kGood);
  return StepNextMove(id);
}

absl::Status Demo::ReturnedByLaw() {
  Title("2. The same by the Office for Victims of Crime, which may not petition");
  WS_ASSIGN_OR_RETURN(std::string person, Prepare("ovc-1201"));
  auto warned = play_.File("ovc-1201", person, "SYN-2002-0002", /*acknowledge=*/false);
  if (warned.ok()) return Unverified("warning: missing, want one before a unit sends in vain");
  if (ReasonOf(warned.status()) != "WARNINGS_NOT_ACKNOWLEDGED") return warned.status();
  Step(absl::StrCat("doj warns: ", warned.status().message()));
  Step("ovc-1201 sends it in spite of the warning");
  WS_ASSIGN_OR_RETURN(auto petition, FileAndFollow("ovc-1201", person, "returned", "SYN-2002-0002",
                                                   /*acknowledge=*/true));
  const std::string& id = petition.referral_id();
  absl::Status arrived =
      play_.Await("the petition at INS", kAnswerPatience, [&]() -> absl::StatusOr<bool> {
        absl::Status there = play_.AtIns(id).status();
        if (!there.ok()) return there;
        return true;
      });
  WS_RETURN_IF_ERROR(arrived);
  WS_ASSIGN_OR_RETURN(auto at_ins, play_.AtIns(id));
  if (at_ins.state() != types::v1::REFERRAL_STATE_RETURNED) {
    WS_RETURN_IF_ERROR(play_.ReturnByLaw("adjudicator-2102", id).status());
  }
  WS_RETURN_IF_ERROR(AwaitDojState(id, types::v1::REFERRAL_STATE_RETURNED));
  WS_ASSIGN_OR_RETURN(auto returned, play_.AtDoj(id));
  Step(absl::StrCat("ins returns it: ", Words(returned.return_reason()), ", ",
                    returned.return_citation()),
       Tone::kBad);
  return StepNextMove(id);
}

absl::Status Demo::Stalled() {
  Title("3. A United States Attorney's petition that nobody takes up");
  WS_ASSIGN_OR_RETURN(std::string person, Prepare("usa-1301"));
  WS_ASSIGN_OR_RETURN(auto petition, FileAndFollow("usa-1301", person, "stalled", "SYN-2002-0003",
                                                   /*acknowledge=*/false, kNeededWithin));
  if (!petition.has_due_time()) {
    return Unverified("stalled petition: no due time, want one that passes and shows as overdue");
  }
  const absl::Duration left = FromProto(petition.due_time()) - session_.clock.Now();
  if (left > kDueLimit) {
    return Unverified(absl::StrCat("stalled petition: due in ", absl::FormatDuration(left),
                                   ", want one that a demo can wait for"));
  }
  Step(absl::StrCat("due by ", TimeText(petition.due_time()), ", set by ", petition.due_basis(),
                    "; nobody moves"));
  const std::string& id = petition.referral_id();
  WS_RETURN_IF_ERROR(play_.Await("the referral's being overdue", left + kAnswerPatience,
                                 [&]() -> absl::StatusOr<bool> {
                                   WS_ASSIGN_OR_RETURN(auto referral, play_.Ledger(id));
                                   return referral.overdue();
                                 }));
  Step("OVERDUE: a finding against " + petition.due_basis() + ", not a state", Tone::kBad);
  return StepNextMove(id);
}

absl::Status Demo::VerifyOne(const Told& told) {
  WS_ASSIGN_OR_RETURN(VerifiedHistory history, play_.History(told.referral_id));
  uint32_t signatures = 0;
  for (const v1::VerifiedStep& step : history.steps) signatures += step.verified();
  absl::Status status = AllVerified(history.steps);
  Step(absl::StrCat(told.title, " ", FormatReferralId(told.referral_id), ": ", history.steps.size(),
                    " steps, ", signatures,
                    status.ok() ? " signatures VERIFIED now" : " signatures hold, NOT ALL"),
       status.ok() ? Tone::kGood : Tone::kBad);
  return status;
}

absl::Status Demo::VerifyAll() {
  Title("Every signature, verified by this command and not by the broker");
  absl::Status first;
  for (const Told& told : told_) {
    if (absl::Status status = VerifyOne(told); first.ok()) first = status;
  }
  return first;
}

void Demo::PrintNext() {
  const std::string stalled = told_.empty() ? "" : FormatReferralId(told_.back().referral_id);
  out_.Say("\ntry, in another terminal (Ctrl-C here stops the bus):");
  for (const std::string& command :
       {"history " + stalled, std::string("inbox --as adjudicator-2101"),
        "take-up " + stalled + " --as adjudicator-2101"}) {
    out_.Say("  " + AsTyped("waystation " + command));
  }
}

absl::Status PlayCases(Demo& demo) {
  WS_RETURN_IF_ERROR(demo.Granted());
  WS_RETURN_IF_ERROR(demo.ReturnedByLaw());
  return demo.Stalled();
}

// What was told is verified even when a later case failed.
absl::Status PlayAll(Demo& demo) {
  const absl::Status played = PlayCases(demo);
  if (absl::IsCancelled(played)) return played;
  const absl::Status verified = demo.VerifyAll();
  return played.ok() ? verified : played;
}

absl::Status RunDemo(Session& session, const DemoOptions& options) {
  Signals signals;
  const absl::Duration begin = session.clock.Monotonic();
  SayNotice(session.out);
  WS_ASSIGN_OR_RETURN(auto bus, DevBus::Start({options.data, 0}, session.clock, signals));
  PrintAddresses(session.out, *bus, session.clock.Monotonic() - begin);
  WS_ASSIGN_OR_RETURN(Profile profile, Profile::Load(bus->layout().ProfilePath()));
  Play play(session, *bus, profile);
  Demo demo(session, play);
  absl::Status played = PlayAll(demo);
  // A service that died explains more than the call that failed because of it.
  if (!played.ok()) {
    absl::Status alive = bus->Watch(absl::ZeroDuration());
    return StopBus(session, *bus, alive.ok() ? played : alive);
  }
  if (options.once) return StopBus(session, *bus, absl::CancelledError("once"));
  demo.PrintNext();
  return StayUp(session, *bus);
}

absl::Status RunDemoQuietly(Session& session, const DemoOptions& options) {
  absl::Status status = RunDemo(session, options);
  if (!absl::IsCancelled(status)) return status;
  return options.once ? absl::AbortedError("demo: stopped before its end, nothing is proven")
                      : absl::OkStatus();
}

}  // namespace

void AddDemoVerb(CLI::App& app, Chosen& chosen) {
  AddVerb<DemoOptions>(app, chosen, "demo",
                       "Play the main job: a petition granted, one returned, one overdue",
                       DeclareDemo, RunDemoQuietly);
}

}  // namespace waystation::cli
