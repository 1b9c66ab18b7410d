#include <cstdint>

#include "common/status/status.h"
#include "grpcpp/client_context.h"
#include "tools/waystation/connect.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/record_line.h"
#include "tools/waystation/verbs.h"
#include "waystation/operations/v1/operations.grpc.pb.h"

namespace waystation::cli {
namespace {

using operations::v1::OperationsService;

struct TailOptions {
  uint64_t from = 0;
  uint64_t count = 0;
};

void DeclareTail(CLI::App& verb, TailOptions& options) {
  verb.add_option("--from", options.from, "First sequence wanted (1 is the beginning)");
  verb.add_option("-n,--count", options.count, "Stop after so many records");
}

absl::Status RunTail(Session& session, const TailOptions& options) {
  WS_ASSIGN_OR_RETURN(Profile profile, session.LoadProfile());
  WS_ASSIGN_OR_RETURN(Remote broker, ConnectAsAuditor(session, profile));
  auto stub = OperationsService::NewStub(broker.channel);
  operations::v1::TailRecordsRequest request;
  request.set_from_sequence(options.from);
  grpc::ClientContext context;
  auto stream = stub->TailRecords(&context, request);
  operations::v1::TailRecordsResponse response;
  uint64_t printed = 0;
  while (stream->Read(&response)) {
    for (const std::string& bytes : response.records()) {
      journal::v1::Record record;
      if (!record.ParseFromString(bytes)) return absl::DataLossError("record: does not parse");
      session.out.Line(session.out.json() ? ToJson(record) : RecordLine(record));
      if (++printed != options.count) continue;
      context.TryCancel();
      stream->Finish();
      return absl::OkStatus();
    }
  }
  return CallError(broker, stream->Finish());
}

}  // namespace

void AddTailVerb(CLI::App& app, Chosen& chosen) {
  AddVerb<TailOptions>(app, chosen, "tail", "Follow the record as it grows (no payloads)",
                       DeclareTail, RunTail);
}

}  // namespace waystation::cli
