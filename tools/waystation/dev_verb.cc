#include <memory>
#include <string>
#include <vector>

#include "common/status/status.h"
#include "google/protobuf/struct.pb.h"
#include "tools/waystation/dev_notice.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/play.h"
#include "tools/waystation/scenes/petitioning.h"
#include "tools/waystation/text.h"
#include "tools/waystation/verbs.h"

namespace waystation::cli {
namespace {

struct DevOptions {
  std::string data;
  int broker_port = 0;
  std::vector<std::string> agencies;
  bool once = false;
};

void DeclareDev(CLI::App& verb, DevOptions& options) {
  verb.add_option("--data", options.data, "Keep the bus in this folder (default: throwaway)");
  verb.add_option("--broker-port", options.broker_port, "Port of the broker (default: a free one)")
      ->check(CLI::Range(0, 65535));
  verb.add_option("--agency", options.agencies,
                  "Start another agency too: a text-proto of its directory entry, staff and "
                  "program (services/README.md); may be given again")
      ->type_name("FILE")
      ->take_all();
  verb.add_flag("--once", options.once, "Stop after the first message");
}

absl::StatusOr<DevBus::Options> BusOptions(const DevOptions& options) {
  DevBus::Options bus;
  bus.data_dir = options.data;
  bus.broker_port = options.broker_port;
  for (const std::string& path : options.agencies) {
    WS_ASSIGN_OR_RETURN(v1::DevAgency agency, LoadDevAgency(path));
    WS_RETURN_IF_ERROR(AddDevAgency(agency, &bus.agencies));
  }
  return bus;
}

struct FirstMessage {
  std::string referral;
  absl::Duration took;
};

// A petition that waits in INS's inbox, for the reader to act on. The time is
// from the officer's call to INS's signed receipt on the record.
absl::StatusOr<FirstMessage> SendFirst(const Session& session, Play& play) {
  const std::string officer = "agent-1101";
  WS_ASSIGN_OR_RETURN(std::string person, OpenIntake(play, officer));
  WS_RETURN_IF_ERROR(RecordFinding(play, officer, person));
  const absl::Duration begin = session.clock.Monotonic();
  WS_ASSIGN_OR_RETURN(
      auto petition,
      FilePetition(play, officer, person, {.case_number = "SYN-2002-0001", .in_spite = true}));
  WS_RETURN_IF_ERROR(play.AwaitReceived(petition.referral_id()));
  return FirstMessage{FormatReferralId(petition.referral_id()), session.clock.Monotonic() - begin};
}

void PrintReady(const Session& session, DevBus& bus, absl::Duration ready,
                const FirstMessage& first) {
  const std::string profile = bus.layout().ProfilePath();
  if (session.out.json()) {
    google::protobuf::Struct result;
    auto& fields = *result.mutable_fields();
    fields["profile"].set_string_value(profile);
    fields["broker"].set_string_value(bus.address("broker"));
    fields["referral"].set_string_value(first.referral);
    fields["ready_ms"].set_number_value(absl::ToDoubleMilliseconds(ready));
    fields["first_message_ms"].set_number_value(absl::ToDoubleMilliseconds(first.took));
    return session.out.Line(ToJson(result));
  }
  PrintAddresses(session.out, bus, ready);
  session.out.Line(absl::StrCat("first message  ", Seconds(first.took),
                                ": a petition from doj, signed, encrypted, receipted by ins"),
                   Tone::kGood);
  session.out.Line("profile        " + profile);
}

void PrintNext(Output& out, const std::string& referral) {
  out.Say("try, in another terminal (Ctrl-C here stops the bus):");
  for (const std::string& command :
       {std::string("inbox --as adjudicator-2101"), "take-up " + referral, "history " + referral}) {
    out.Say("  " + AsTyped("waystation " + command));
  }
}

absl::Status RunDev(Session& session, const DevOptions& options) {
  Signals signals;
  const absl::Duration begin = session.clock.Monotonic();
  SayNotice(session.out);
  WS_ASSIGN_OR_RETURN(DevBus::Options bus_options, BusOptions(options));
  WS_ASSIGN_OR_RETURN(auto bus, DevBus::Start(bus_options, session.clock, signals));
  const absl::Duration ready = session.clock.Monotonic() - begin;
  WS_ASSIGN_OR_RETURN(Play play, Play::On(session, *bus));
  WS_ASSIGN_OR_RETURN(FirstMessage first, SendFirst(session, play));
  PrintReady(session, *bus, ready, first);
  if (options.once) return StopBus(session, *bus, absl::CancelledError("once"));
  PrintNext(session.out, first.referral);
  return StayUp(session, *bus);
}

absl::Status RunDevQuietly(Session& session, const DevOptions& options) {
  absl::Status status = RunDev(session, options);
  // Ctrl-C while it starts is a wish, not a failure.
  return absl::IsCancelled(status) ? absl::OkStatus() : status;
}

}  // namespace

void AddDevVerb(CLI::App& app, Chosen& chosen) {
  AddVerb<DevOptions>(app, chosen, "dev", "A bus of your own: throwaway keys, broker, services",
                      DeclareDev, RunDevQuietly);
}

}  // namespace waystation::cli
