#include "tools/waystation/reconciliation.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "common/status/status.h"
#include "waystation/journal/v1/record.pb.h"

namespace waystation::cli {
namespace {

// How long answers may take, before they are asked for again.
constexpr absl::Duration kPause = absl::Milliseconds(500);

bool IsSame(const handoffs::Difference& a, const handoffs::Difference& b) {
  return a.kind == b.kind && a.message_ids == b.message_ids;
}

// Those of `latest` that were there before too.
std::vector<handoffs::Difference> Both(const std::vector<handoffs::Difference>& before,
                                       std::vector<handoffs::Difference> latest) {
  std::vector<handoffs::Difference> both;
  for (handoffs::Difference& each : latest) {
    auto same = [&](const handoffs::Difference& other) { return IsSame(each, other); };
    if (std::any_of(before.begin(), before.end(), same)) both.push_back(std::move(each));
  }
  return both;
}

}  // namespace

Reconciliation::Reconciliation(AuditSource& source)
    : source_(source),
      log_([&source](const bus::v1::ReceiptBatch& batch, std::string_view signer, absl::Time at) {
        return source.judge().Receipts(batch, signer, at);
      }) {}

absl::Status Reconciliation::ReadLog() {
  return source_.ReadRecords([this](const std::string& bytes) -> absl::Status {
    journal::v1::Record record;
    if (!record.ParseFromString(bytes)) return absl::DataLossError("record: does not parse");
    ++record_count_;
    if (keep_) records_.push_back(bytes);
    return log_.Take(record);
  });
}

absl::StatusOr<std::vector<handoffs::Difference>> Reconciliation::Pass() {
  WS_RETURN_IF_ERROR(ReadLog());
  const handoffs::Asked asked{log_.last_sequence(), nullptr};
  WS_ASSIGN_OR_RETURN(indexes_, source_.ReadIndexes());
  WS_RETURN_IF_ERROR(ReadLog());
  return handoffs::Compare(indexes_, log_, asked);
}

absl::Status Reconciliation::Run(absl::Duration patience, const Clock& clock,
                                 const std::function<absl::Status(absl::Duration)>& wait) {
  const absl::Duration end = clock.Monotonic() + patience;
  WS_ASSIGN_OR_RETURN(differences_, Pass());
  while (!differences_.empty() && clock.Monotonic() < end) {
    WS_RETURN_IF_ERROR(wait(kPause));
    WS_ASSIGN_OR_RETURN(auto latest, Pass());
    differences_ = Both(differences_, std::move(latest));
  }
  return absl::OkStatus();
}

v1::ReconcileSummary Reconciliation::summary() const {
  v1::ReconcileSummary summary;
  std::set<std::string_view> ids;
  for (const auto& [id, handoff] : log_.handoffs()) ids.insert(id);
  uint64_t entries = 0;
  for (const handoffs::AgencyIndex& index : indexes_) {
    for (const audit::v1::HandoffEntry& entry : index.entries) ids.insert(entry.message_id());
    entries += index.entries.size();
  }
  summary.set_records(record_count_);
  summary.set_handoffs(ids.size());
  summary.set_entries(entries);
  summary.set_parties(static_cast<uint32_t>(indexes_.size()));
  summary.set_differences(differences_.size());
  return summary;
}

v1::HandoffDifference ToProto(const handoffs::Difference& difference) {
  v1::HandoffDifference proto;
  proto.set_kind(std::string(handoffs::NameOf(difference.kind)));
  for (const std::string& id : difference.message_ids) proto.add_message_ids(id);
  for (const handoffs::Said& said : difference.said) {
    v1::PartyStatement& statement = *proto.add_statements();
    statement.set_party(said.party);
    statement.set_text(said.text);
  }
  return proto;
}

}  // namespace waystation::cli
