#include "common/status/status.h"
#include "tools/waystation/connect.h"
#include "tools/waystation/text.h"
#include "tools/waystation/verbs.h"
#include "waystation/operations/v1/operations.grpc.pb.h"

namespace waystation::cli {
namespace {

using operations::v1::GetStatusResponse;
using operations::v1::OperationsService;
using operations::v1::QueueStatus;

struct StatusOptions {};

void DeclareStatus(CLI::App&, StatusOptions&) {}

Table QueueTable(const GetStatusResponse& status, absl::Time now) {
  Table table{{"QUEUE", "WAITING", "LEASED", "DEAD", "OLDEST"}, {}};
  for (const QueueStatus& queue : status.queues()) {
    table.rows.push_back(
        {ShortIdentity(queue.identity()), absl::StrCat(queue.waiting()),
         absl::StrCat(queue.leased()),
         Cell(absl::StrCat(queue.dead()), queue.dead() > 0 ? Tone::kBad : Tone::kPlain),
         queue.has_oldest_accept_time() ? FormatAge(now - FromProto(queue.oldest_accept_time()))
                                        : ""});
  }
  return table;
}

absl::Status RunStatus(Session& session, const StatusOptions&) {
  WS_ASSIGN_OR_RETURN(Profile profile, session.LoadProfile());
  WS_ASSIGN_OR_RETURN(Remote broker, ConnectAsOperator(session, profile));
  auto stub = OperationsService::NewStub(broker.channel);
  WS_ASSIGN_OR_RETURN(
      GetStatusResponse status,
      Call(broker, *stub, &OperationsService::Stub::GetStatus, operations::v1::GetStatusRequest()));
  const absl::Time now = session.clock.Now();
  session.out.Show(
      status, {{"broker", absl::StrCat(status.broker(), " at ", profile.data().broker().address())},
               {"up for", FormatAge(now - FromProto(status.start_time()))},
               {"last record", absl::StrCat(status.last_sequence(), ", epoch ", status.epoch())},
               {"acknowledged after", status.durability()},
               {"policy", absl::StrCat("version ", status.policy_version())},
               {"revocation list", absl::StrCat("number ", status.crl_number(), ", renew by ",
                                                TimeText(status.crl_next_update()))}});
  if (status.clock_halted()) {
    session.out.Say("the broker's clock stepped: expiry and redelivery halt until it restarts",
                    Tone::kBad);
  }
  if (!session.out.json()) {
    session.out.Line("");
    session.out.List(status.queues(), QueueTable(status, now), "no queue yet");
  }
  return absl::OkStatus();
}

}  // namespace

void AddStatusVerb(CLI::App& app, Chosen& chosen) {
  AddVerb<StatusOptions>(app, chosen, "status", "State of the broker and its queues", DeclareStatus,
                         RunStatus);
}

}  // namespace waystation::cli
