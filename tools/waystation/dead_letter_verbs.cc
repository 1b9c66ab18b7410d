#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/ids/uuid.h"
#include "common/status/status.h"
#include "tools/waystation/connect.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/text.h"
#include "tools/waystation/verbs.h"
#include "waystation/operations/v1/operations.grpc.pb.h"

namespace waystation::cli {
namespace {

using operations::v1::DeadLetter;
using operations::v1::GetStatusResponse;
using operations::v1::ListDeadLettersResponse;
using operations::v1::OperationsService;
using operations::v1::QueueStatus;
using operations::v1::RedriveDeadLettersResponse;

// The broker, as the profile's operator.
struct OperatorDesk {
  Remote broker;
  std::unique_ptr<OperationsService::Stub> stub;
  std::string trust_domain;
};

absl::StatusOr<OperatorDesk> OpenDesk(const Session& session) {
  WS_ASSIGN_OR_RETURN(Profile profile, session.LoadProfile());
  WS_ASSIGN_OR_RETURN(Remote broker, ConnectAsOperator(session, profile));
  auto stub = OperationsService::NewStub(broker.channel);
  return OperatorDesk{std::move(broker), std::move(stub), profile.data().trust_domain()};
}

// The identity of a queue, from the same or from what `status` prints of it.
std::string QueueIdentity(const OperatorDesk& desk, const std::string& queue) {
  if (queue.starts_with("spiffe://")) return queue;
  return absl::StrCat("spiffe://", desk.trust_domain, "/", queue);
}

absl::Status Explain(absl::Status status, const std::string& queue) {
  const std::string reason = ReasonOf(status);
  if (reason == "UNKNOWN_QUEUE") return WithNext(std::move(status), "waystation status");
  if (reason == "UNKNOWN_MESSAGE") {
    return WithNext(std::move(status),
                    "waystation dead-letters list --queue " + ShellWord(ShortIdentity(queue)));
  }
  return status;
}

struct ListOptions {
  std::string queue;
};

void DeclareList(CLI::App& verb, ListOptions& options) {
  verb.add_option("--queue", options.queue,
                  "Only of this queue, as status prints it, e.g. agency/ins (default: every queue)")
      ->type_name("IDENTITY");
}

// The queue that is asked for, else each that has dead letters.
absl::StatusOr<std::vector<std::string>> QueuesAsked(const OperatorDesk& desk,
                                                     const std::string& queue) {
  if (!queue.empty()) return std::vector<std::string>{QueueIdentity(desk, queue)};
  WS_ASSIGN_OR_RETURN(GetStatusResponse status,
                      Call(desk.broker, *desk.stub, &OperationsService::Stub::GetStatus,
                           operations::v1::GetStatusRequest()));
  std::vector<std::string> queues;
  for (const QueueStatus& one : status.queues()) {
    if (one.dead() > 0) queues.push_back(one.identity());
  }
  return queues;
}

Table LetterTable(const std::vector<DeadLetter>& letters) {
  Table table{{"QUEUE", "MESSAGE", "FROM", "ATTEMPTS", "REASON", "ACCEPTED"}, {}};
  for (const DeadLetter& letter : letters) {
    table.rows.push_back({ShortIdentity(letter.queue()), letter.message_id(),
                          ShortIdentity(letter.source()), absl::StrCat(letter.attempts()),
                          Cell(letter.reason(), Tone::kBad), TimeText(letter.accept_time())});
  }
  return table;
}

absl::Status RunList(Session& session, const ListOptions& options) {
  WS_ASSIGN_OR_RETURN(OperatorDesk desk, OpenDesk(session));
  WS_ASSIGN_OR_RETURN(std::vector<std::string> queues, QueuesAsked(desk, options.queue));
  std::vector<DeadLetter> letters;
  for (const std::string& queue : queues) {
    operations::v1::ListDeadLettersRequest request;
    request.set_queue(queue);
    absl::StatusOr<ListDeadLettersResponse> response =
        Call(desk.broker, *desk.stub, &OperationsService::Stub::ListDeadLetters, request);
    if (!response.ok()) return Explain(response.status(), queue);
    letters.insert(letters.end(), response->dead_letters().begin(), response->dead_letters().end());
  }
  session.out.List(letters, LetterTable(letters), "no dead letter");
  return absl::OkStatus();
}

struct RedriveOptions {
  std::string queue;
  std::vector<std::string> messages;
  bool all = false;
};

void DeclareRedrive(CLI::App& verb, RedriveOptions& options) {
  verb.add_option("--queue", options.queue, "Queue, as status prints it, e.g. agency/ins")
      ->required()
      ->type_name("IDENTITY");
  auto* message = verb.add_option("--message", options.messages,
                                  "Message to put back, as dead-letters list prints it; may be "
                                  "given again")
                      ->type_name("ID");
  verb.add_flag("--all", options.all, "Put back every dead letter of the queue")->excludes(message);
}

// The broker takes no message for all: who forgets the ids must not send everything.
absl::Status CheckNamed(const RedriveOptions& options) {
  if (!options.all && options.messages.empty()) {
    return UsageError("redrive: no dead letter named, want --message ID, or --all");
  }
  for (const std::string& message : options.messages) {
    if (ParseUuid(message).has_value()) continue;
    return UsageError(Problem("--message", "no id of a message", Quoted(message),
                              "a UUID in small letters, as dead-letters list prints it"));
  }
  return absl::OkStatus();
}

absl::Status RunRedrive(Session& session, const RedriveOptions& options) {
  WS_RETURN_IF_ERROR(CheckNamed(options));
  WS_ASSIGN_OR_RETURN(OperatorDesk desk, OpenDesk(session));
  operations::v1::RedriveDeadLettersRequest request;
  request.set_queue(QueueIdentity(desk, options.queue));
  for (const std::string& message : options.messages) request.add_message_ids(message);
  absl::StatusOr<RedriveDeadLettersResponse> response =
      Call(desk.broker, *desk.stub, &OperationsService::Stub::RedriveDeadLetters, request);
  if (!response.ok()) return Explain(response.status(), request.queue());
  session.out.Show(*response, {{"queue", ShortIdentity(request.queue())},
                               {"redriven", absl::StrCat(response->redriven())}});
  const std::set<std::string> named(options.messages.begin(), options.messages.end());
  if (response->redriven() < named.size()) {
    session.out.Say("what else was named is no dead letter, and stays as it is");
  }
  return absl::OkStatus();
}

}  // namespace

void AddDeadLetterVerbs(CLI::App& app, Chosen& chosen) {
  CLI::App& letters =
      AddNoun(app, "dead-letters", "Messages set aside after their last attempt (operators)");
  AddVerb<ListOptions>(letters, chosen, "list", "Dead letters: of whom, after what", DeclareList,
                       RunList);
  AddVerb<RedriveOptions>(letters, chosen, "redrive",
                          "Put dead letters back into their queue, with attempts anew",
                          DeclareRedrive, RunRedrive);
}

}  // namespace waystation::cli
