#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "common/status/status.h"
#include "tools/waystation/app.h"
#include "tools/waystation/dev_notice.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/play.h"
#include "tools/waystation/scenes/journal_copy.h"
#include "tools/waystation/scenes/scenes.h"
#include "tools/waystation/text.h"
#include "tools/waystation/verbs.h"

namespace waystation::cli {
namespace {

// Every server may be killed and started again meanwhile.
constexpr absl::Duration kAttachedPatience = absl::Seconds(30);

struct DemoOptions {
  std::string data;
  int scene = 0;
  bool once = false;
  bool attach = false;
};

// "1 from a call to a job, 2 a handoff stalls, ...".
std::string SceneList() {
  std::string list;
  int number = 0;
  for (const Scene& scene : Scenes()) {
    absl::StrAppend(&list, list.empty() ? "" : ", ", ++number, " ", scene.about);
  }
  return list;
}

void DeclareDemo(CLI::App& verb, DemoOptions& options) {
  auto* data =
      verb.add_option("--data", options.data, "Keep the bus in this folder (default: throwaway)");
  verb.add_flag("--once", options.once, "Exit at the end, 0 only if everything verified");
  verb.add_option("--scene", options.scene, "Play one scene: " + SceneList())
      ->check(CLI::Range(1, static_cast<int>(Scenes().size())));
  verb.add_flag("--attach", options.attach,
                absl::StrCat("Play on the running bus of the profile and exit; a server that is "
                             "out of reach is asked again for ",
                             absl::FormatDuration(kAttachedPatience),
                             ". The scene of the journal needs the broker's folder beside the "
                             "profile, as --data DIR has it (DIR/profile.textproto)"))
      ->excludes(data);
}

// What one run plays and verifies.
//
// Single-threaded: the command.
class Demo {
 public:
  Demo(Session& session, Stage& stage) : session_(session), stage_(stage) {}

  // The scene of this number, or all for 0. What was told is verified even when
  // a later scene failed. Errors: of the scenes; FAILED_PRECONDITION (exit code
  // 6) a signature does not hold.
  absl::Status Run(int number);
  // What an inspector general would do with no access to any server: the commands
  // themselves, as typed. Errors: FAILED_PRECONDITION one of them failed.
  absl::Status Audit(const std::string& profile_path, const std::string& evidence_dir);
  void PrintNext(bool bus_goes);

 private:
  absl::Status PlayOne(int number);
  absl::Status PlayScenes(int number);
  absl::Status VerifyOne(const Teller::Told& told);
  absl::Status VerifyAll();
  absl::Status Type(const std::string& profile_path, const std::vector<std::string>& words);

  Session& session_;
  Stage& stage_;
};

absl::Status Demo::PlayOne(int number) {
  const Scene& scene = Scenes()[static_cast<size_t>(number) - 1];
  stage_.teller.Title(absl::StrCat(number, ". ", scene.title));
  return scene.play(stage_);
}

absl::Status Demo::PlayScenes(int number) {
  if (number != 0) return PlayOne(number);
  for (size_t i = 0; i < Scenes().size(); ++i) {
    if (Scenes()[i].wants_journal && !JournalCopy::CanCopy(stage_.data_dir)) {
      session_.out.Say(absl::StrCat("\nscene ", i + 1, " is left out: the broker's folder is not ",
                                    "beside the profile"));
      continue;
    }
    WS_RETURN_IF_ERROR(PlayOne(static_cast<int>(i) + 1));
  }
  return absl::OkStatus();
}

absl::Status Demo::VerifyOne(const Teller::Told& told) {
  WS_ASSIGN_OR_RETURN(VerifiedHistory history, stage_.play.History(told.referral_id));
  uint32_t signatures = 0;
  for (const v1::VerifiedStep& step : history.steps) signatures += step.verified();
  absl::Status status = AllVerified(history.steps);
  stage_.teller.Step(
      status.ok() ? "VERIFIED" : "NOT ALL VERIFIED",
      absl::StrCat(FormatReferralId(told.referral_id), " ", signatures, " signatures, ", told.name),
      status.ok() ? Tone::kGood : Tone::kBad);
  return status;
}

absl::Status Demo::VerifyAll() {
  stage_.teller.Title(
      "Every signature of every referral, verified by this command, not the broker");
  if (stage_.teller.told().empty()) stage_.teller.Step("", "nothing travelled in this scene");
  absl::Status first;
  for (const Teller::Told& told : stage_.teller.told()) {
    if (absl::Status status = VerifyOne(told); first.ok()) first = status;
  }
  return first;
}

absl::Status Demo::Run(int number) {
  const absl::Status played = PlayScenes(number);
  if (absl::IsCancelled(played)) return played;
  const absl::Status verified = VerifyAll();
  return played.ok() ? verified : played;
}

absl::Status Demo::Type(const std::string& profile_path, const std::vector<std::string>& words) {
  std::string typed = "waystation";
  for (const std::string& word : words) absl::StrAppend(&typed, " ", ShellWord(word));
  session_.out.Say("\n$ " + AsTyped(typed));
  std::vector<std::string> command = {"waystation", "--profile", profile_path};
  if (session_.out.json()) command.insert(command.end(), {"-o", "json"});
  command.insert(command.end(), words.begin(), words.end());
  std::vector<const char*> argv;
  for (const std::string& word : command) argv.push_back(word.c_str());
  const int code = RunCommand(static_cast<int>(argv.size()), argv.data(), std::cout, std::cerr);
  if (code == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(Problem(typed, "failed", absl::StrCat("exit ", code), "0"));
}

absl::Status Demo::Audit(const std::string& profile_path, const std::string& evidence_dir) {
  stage_.teller.Title("The audit: the whole record against its cosigned log, and evidence to go");
  WS_RETURN_IF_ERROR(Type(profile_path, {"audit", "verify"}));
  if (stage_.teller.told().empty()) return absl::OkStatus();
  const std::string referral = FormatReferralId(stage_.teller.told().back().referral_id);
  WS_RETURN_IF_ERROR(Type(profile_path, {"evidence", "export", referral, "--out", evidence_dir}));
  return Type(profile_path, {"evidence", "verify", evidence_dir});
}

void Demo::PrintNext(bool bus_goes) {
  std::vector<std::string> commands = {"demo --scene 4", "dev", "explain"};
  if (!bus_goes) {
    const auto& told = stage_.teller.told();
    commands = {told.empty() ? "status" : "history " + FormatReferralId(told[0].referral_id),
                "inbox --as worker-1401", "certification list --as orr-3101"};
  }
  session_.out.Say("\ntry next:");
  for (const std::string& command : commands) {
    session_.out.Say("  " + AsTyped("waystation " + command));
  }
}

// Another bus than our own, whose services anybody may stop.
absl::Status RunAttached(Session& session, const DemoOptions& options) {
  Signals signals;
  SayNotice(session.out);
  Play::Bus bus{FindProfilePath(session.profile_flag),
                [&signals](absl::Duration time) -> absl::Status {
                  if (signals.Wait(time) != Signals::Event::kStop) return absl::OkStatus();
                  return absl::CancelledError("stopped");
                },
                kAttachedPatience, "the logs of that bus's services",
                /*may_lack_auditor=*/true};
  const std::string beside = std::filesystem::absolute(bus.profile_path).parent_path().string();
  const bool has_journal = JournalCopy::CanCopy(beside);
  const bool wants_journal =
      options.scene != 0 && Scenes()[static_cast<size_t>(options.scene) - 1].wants_journal;
  if (wants_journal && !has_journal) {
    return WithNext(absl::FailedPreconditionError(
                        Problem("--scene " + std::to_string(options.scene),
                                "the broker's journal is not beside the profile", beside,
                                "DIR/profile.textproto of a bus that runs with --data DIR")),
                    "waystation demo --scene " + std::to_string(options.scene));
  }
  WS_ASSIGN_OR_RETURN(Play play, Play::On(session, std::move(bus)));
  Teller teller(session.out);
  Stage stage{play, teller, signals, has_journal ? beside : ""};
  Demo demo(session, stage);
  WS_RETURN_IF_ERROR(demo.Run(options.scene));
  demo.PrintNext(/*bus_goes=*/false);
  return absl::OkStatus();
}

absl::Status RunOwn(Session& session, const DemoOptions& options) {
  Signals signals;
  const absl::Duration begin = session.clock.Monotonic();
  SayNotice(session.out);
  WS_ASSIGN_OR_RETURN(auto bus, DevBus::Start({options.data, 0}, session.clock, signals));
  PrintAddresses(session.out, *bus, session.clock.Monotonic() - begin);
  WS_ASSIGN_OR_RETURN(Play play, Play::On(session, *bus));
  Teller teller(session.out);
  Stage stage{play, teller, signals, bus->layout().dir()};
  Demo demo(session, stage);
  absl::Status played = demo.Run(options.scene);
  if (played.ok()) {
    played = demo.Audit(bus->layout().ProfilePath(), bus->layout().dir() + "/evidence");
  }
  // A service that died explains more than the call that failed because of it.
  if (!played.ok()) {
    absl::Status alive = bus->Watch(absl::ZeroDuration());
    return StopBus(session, *bus, alive.ok() ? played : alive);
  }
  demo.PrintNext(/*bus_goes=*/options.once);
  if (options.once) return StopBus(session, *bus, absl::CancelledError("once"));
  session.out.Say("in another terminal; Ctrl-C here stops the bus");
  return StayUp(session, *bus);
}

absl::Status RunDemo(Session& session, const DemoOptions& options) {
  absl::Status status = options.attach ? RunAttached(session, options) : RunOwn(session, options);
  if (!absl::IsCancelled(status)) return status;
  return options.once || options.attach
             ? absl::AbortedError("demo: stopped before its end, nothing is proven")
             : absl::OkStatus();
}

}  // namespace

void AddDemoVerb(CLI::App& app, Chosen& chosen) {
  AddVerb<DemoOptions>(app, chosen, "demo",
                       "Play six scenes, from a call to a job to a byte that was altered",
                       DeclareDemo, RunDemo);
}

}  // namespace waystation::cli
