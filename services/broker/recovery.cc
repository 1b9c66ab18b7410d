#include "services/broker/recovery.h"

#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/config/text_proto.h"
#include "common/crypto/random.h"
#include "common/evidence/directory.h"
#include "common/evidence/log_leaf.h"
#include "common/ids/random.h"
#include "common/log/log.h"
#include "common/status/status.h"
#include "services/broker/core/policy.h"

namespace waystation::broker {
namespace {

constexpr size_t kBusIdBytes = 16;

absl::Status CheckAdmins(const journal::v1::Genesis& genesis) {
  std::set<std::string> admins(genesis.policy_admins().begin(), genesis.policy_admins().end());
  if (admins.size() < 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("genesis policy_admins: got ", admins.size(), ", want two different ones"));
  }
  return absl::OkStatus();
}

// Follows the records of one journal block, and projects those that are new.
class Replayer {
 public:
  Replayer(State state, Projection& projection)
      : state_(std::move(state)),
        projection_(projection),
        applied_(projection.applied_sequence()) {}

  absl::Status Follow(const journal::Block& block) {
    std::vector<journal::v1::Record> records(block.records.size());
    std::vector<bus::v1::Header> headers(block.records.size());
    std::vector<ProjectedRecord> projected;
    Changes changes;
    for (size_t i = 0; i < block.records.size(); ++i) {
      std::string_view bytes = block.records[i];
      if (!records[i].ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
        return absl::DataLossError(
            absl::StrCat("block ", block.number, ": a record does not parse"));
      }
      if (records[i].sequence() < state_.next_sequence()) continue;
      WS_RETURN_IF_ERROR(FollowOne(records[i], headers[i], changes));
      projected.push_back({.record = &records[i], .header = &headers[i]});
    }
    return Project(projected, changes);
  }

  State Take() { return std::move(state_); }

 private:
  absl::Status FollowOne(const journal::v1::Record& record, bus::v1::Header& header,
                         Changes& changes) {
    if (record.has_accepted()) {
      if (!header.ParseFromString(record.accepted().header())) {
        return absl::DataLossError(
            absl::StrCat("record ", record.sequence(), ": header does not parse"));
      }
      Load(header.referral().referral_id());
      Load(record.accepted().parent_referral_id());
    }
    return state_.Apply(record, record.has_accepted() ? &header : nullptr, &changes);
  }

  // A final referral may have left the snapshot and be asked for again.
  void Load(const std::string& bytes) {
    std::optional<ReferralId> id = ReferralIdFrom(bytes);
    if (!id.has_value() || state_.ledger().Find(*id) != nullptr) return;
    std::optional<Referral> known = projection_.FindReferral(*id);
    if (known.has_value()) state_.mutable_ledger().Restore(*std::move(known));
  }

  absl::Status Project(const std::vector<ProjectedRecord>& projected, const Changes& changes) {
    std::vector<Referral> referrals;
    for (const Changes::ReferralChange& change : changes.referrals) {
      const Referral* referral = state_.ledger().Find(change.id);
      if (referral != nullptr) referrals.push_back(*referral);
    }
    bool is_new = !projected.empty() && projected.back().record->sequence() > applied_;
    if (is_new) WS_RETURN_IF_ERROR(projection_.Apply(projected, changes, referrals, ""));
    for (const Referral& referral : referrals) {
      if (IsFinal(referral.state)) state_.mutable_ledger().Evict(referral.id);
    }
    return absl::OkStatus();
  }

  State state_;
  Projection& projection_;
  const uint64_t applied_;
};

}  // namespace

absl::StatusOr<journal::v1::Genesis> LoadGenesis(const std::string& path) {
  journal::v1::Genesis genesis;
  WS_RETURN_IF_ERROR(config::LoadTextProto(path, &genesis));
  auto directory = evidence::DirectoryView::Create(genesis.directory());
  if (!directory.ok()) return Prefixed("genesis directory", directory.status());
  auto policy = PolicyView::Create(genesis.policy(), genesis.directory().trust_domain());
  if (!policy.ok()) return Prefixed("genesis policy", policy.status());
  WS_RETURN_IF_ERROR(CheckAdmins(genesis));
  if (genesis.format_level() == 0) genesis.set_format_level(kFormatLevel);
  if (genesis.bus_id().empty()) {
    std::string id(kBusIdBytes, '\0');
    SystemRandom(id.data(), id.size());
    genesis.set_bus_id(id);
  }
  if (genesis.bus_id().size() != kBusIdBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("genesis bus_id: got ", genesis.bus_id().size(), " bytes, want 16"));
  }
  return genesis;
}

absl::Status WriteGenesis(journal::Journal& journal, const Clock& clock,
                          const journal::v1::Genesis& genesis) {
  journal::v1::Record record;
  record.set_sequence(journal::kFirstSequence);
  record.set_time_us(absl::ToUnixMicros(clock.Now()));
  *record.mutable_genesis() = genesis;
  record.set_salt(crypto::RandomString(evidence::kLogSaltBytes));
  std::string bytes = record.SerializeAsString();
  std::vector<std::string_view> records = {bytes};
  journal::AppendOutcome outcome = journal.Append({.expected_sequence = journal::kFirstSequence,
                                                   .epoch = journal.head().epoch,
                                                   .time = absl::FromUnixMicros(record.time_us()),
                                                   .records = records,
                                                   .payloads = {}});
  return outcome.committed() ? absl::OkStatus() : outcome.status;
}

bool ProjectionFits(const Projection& projection, const journal::Journal& journal) {
  return projection.applied_sequence() < journal.head().next_sequence;
}

absl::StatusOr<State> Replay(journal::Journal& journal, Projection& projection) {
  State state;
  if (std::optional<v1::Snapshot> snapshot = projection.ReadSnapshot()) {
    WS_ASSIGN_OR_RETURN(state, State::FromSnapshot(*snapshot));
  }
  uint64_t next = state.next_sequence();
  Replayer replayer(std::move(state), projection);
  if (next < journal.head().next_sequence) {
    WS_RETURN_IF_ERROR(journal.ReadBlocks(
        next, [&](const journal::Block& block) { return replayer.Follow(block); }));
  }
  log::Info("broker", "replayed",
            {{"snapshot_sequence", next - 1}, {"last_sequence", journal.head().next_sequence - 1}});
  return replayer.Take();
}

}  // namespace waystation::broker
