#include "tools/waystation/audit/record_source.h"

#include "absl/strings/str_cat.h"
#include "common/journal/segment_scan.h"
#include "common/status/status.h"
#include "grpcpp/client_context.h"
#include "waystation/operations/v1/operations.grpc.pb.h"

namespace waystation::cli {
namespace {

using operations::v1::OperationsService;

// A stop is no error.
absl::Status UnlessEnough(absl::Status status) {
  return absl::IsCancelled(status) ? absl::OkStatus() : std::move(status);
}

}  // namespace

absl::Status FolderRecords::ForEach(const OnRecord& on_record) {
  auto end = journal::ScanDirectory(directory_, [&](const journal::Block& block) {
    for (std::string_view record : block.records) {
      absl::Status taken = on_record(record);
      if (!taken.ok()) return Prefixed(absl::StrCat("block ", block.number), taken);
    }
    return absl::OkStatus();
  });
  if (end.ok()) torn_ = end->torn;
  return UnlessEnough(end.status());
}

absl::Status StreamedRecords::ForEach(const OnRecord& on_record) {
  auto stub = OperationsService::NewStub(broker_.channel);
  operations::v1::TailRecordsRequest request;
  request.set_from_sequence(1);
  grpc::ClientContext context;
  auto stream = stub->TailRecords(&context, request);
  operations::v1::TailRecordsResponse response;
  while (stream->Read(&response)) {
    for (const std::string& record : response.records()) {
      absl::Status taken = on_record(record);
      if (taken.ok()) continue;
      context.TryCancel();
      stream->Finish();
      return UnlessEnough(std::move(taken));
    }
  }
  return CallError(broker_, stream->Finish());
}

}  // namespace waystation::cli
