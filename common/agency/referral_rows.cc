#include "common/agency/referral_rows.h"

#include <utility>

#include "common/status/status.h"

namespace waystation::agency {
namespace {

constexpr std::string_view kColumns =
    "position, referral_id, requester, target, we_are_target, bus_state, bus_former, bus_version, "
    "bus_scope, state, former, version, scope, since_us, due_us, gate, chain_head, attention, "
    "detail";

constexpr std::string_view kDetailColumn = "referral.detail";

Position ReadPosition(const Row& row, int column) {
  auto state = [&row](int at) { return static_cast<ReferralState>(row.Int(at)); };
  return {{state(column), state(column + 1)},
          static_cast<uint64_t>(row.Int(column + 2)),
          static_cast<uint32_t>(row.Int(column + 3))};
}

absl::StatusOr<ReferralRow> ReadRow(Transaction& db, const Row& row) {
  ReferralRow out;
  out.position = row.Int(0);
  out.referral_id = row.Bytes(1);
  out.requester = row.Bytes(2);
  out.target = row.Bytes(3);
  out.we_are_target = row.Int(4) != 0;
  out.bus = ReadPosition(row, 5);
  out.own = ReadPosition(row, 9);
  out.since = absl::FromUnixMicros(row.Int(13));
  if (!row.IsNull(14)) out.due = absl::FromUnixMicros(row.Int(14));
  out.gate = row.Bytes(15);
  out.chain_head = row.Bytes(16);
  out.attention = row.Int(17) != 0;
  WS_ASSIGN_OR_RETURN(std::string detail, db.Open(kDetailColumn, out.referral_id, row.Bytes(18)));
  if (!out.detail.ParseFromString(detail)) {
    return absl::DataLossError(Problem("store", "referral.detail cannot be read"));
  }
  return out;
}

}  // namespace

void AcceptStep(ReferralRow& row, Transition transition, uint64_t expected_version, uint32_t scope,
                absl::Time time) {
  uint64_t version = expected_version + 1;
  if (version < row.bus.version) return;
  Standing next = After(row.bus.standing, transition);
  if (next.state != row.own.standing.state || row.own.version > version) row.since = time;
  row.bus = {next, version, scope};
  row.own = row.bus;
  row.chain_head.clear();
}

absl::Status EachReferral(Transaction& db, std::string_view where, const std::vector<Value>& values,
                          const std::function<absl::Status(ReferralRow)>& each) {
  std::string sql = absl::StrCat("SELECT ", Absl(kColumns), " FROM referral ", Absl(where));
  return db.Query(sql, values, [&](const Row& row) -> absl::Status {
    WS_ASSIGN_OR_RETURN(ReferralRow read, ReadRow(db, row));
    return each(std::move(read));
  });
}

absl::StatusOr<std::optional<ReferralRow>> FindReferral(Transaction& db, std::string_view id) {
  std::optional<ReferralRow> found;
  WS_RETURN_IF_ERROR(EachReferral(db, "WHERE referral_id = ?", {Blob{id}}, [&](ReferralRow row) {
    found = std::move(row);
    return absl::OkStatus();
  }));
  return found;
}

absl::StatusOr<ReferralRow> GetReferral(Transaction& db, std::string_view id) {
  WS_ASSIGN_OR_RETURN(std::optional<ReferralRow> found, FindReferral(db, id));
  if (found.has_value()) return *std::move(found);
  return Refusal(absl::StatusCode::kNotFound, "REFERRAL_UNKNOWN",
                 Problem("referral", "not one of this agency", absl::StrCat(id.size(), " bytes"),
                         "the 16 bytes of a referral that it sent or received"));
}

absl::Status SaveReferral(Transaction& db, const ReferralRow& row) {
  WS_ASSIGN_OR_RETURN(std::string detail,
                      db.Seal(kDetailColumn, row.referral_id, row.detail.SerializeAsString()));
  Value due;
  if (row.due.has_value()) due = absl::ToUnixMicros(*row.due);
  auto number = [](auto value) { return static_cast<int64_t>(value); };
  return db
      .Exec(
          "INSERT INTO referral(referral_id, requester, target, we_are_target, bus_state, "
          "bus_former, bus_version, bus_scope, state, former, version, scope, since_us, due_us, "
          "gate, chain_head, attention, detail) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) "
          "ON CONFLICT(referral_id) DO UPDATE SET bus_state = excluded.bus_state, "
          "bus_former = excluded.bus_former, bus_version = excluded.bus_version, "
          "bus_scope = excluded.bus_scope, state = excluded.state, former = excluded.former, "
          "version = excluded.version, scope = excluded.scope, since_us = excluded.since_us, "
          "due_us = excluded.due_us, gate = excluded.gate, chain_head = excluded.chain_head, "
          "attention = excluded.attention, detail = excluded.detail",
          {Blob{row.referral_id}, row.requester, row.target, number(row.we_are_target),
           number(row.bus.standing.state), number(row.bus.standing.former), number(row.bus.version),
           number(row.bus.scope), number(row.own.standing.state), number(row.own.standing.former),
           number(row.own.version), number(row.own.scope), absl::ToUnixMicros(row.since), due,
           row.gate, row.chain_head, number(row.attention), Blob{detail}})
      .status();
}

ReferralView ViewOf(const ReferralRow& row) {
  ReferralView view;
  view.referral_id = row.referral_id;
  view.requester = row.requester;
  view.target = row.target;
  view.we_are_target = row.we_are_target;
  view.state = row.own.standing.state;
  view.version = row.own.version;
  view.scope_version = row.own.scope;
  view.person = row.detail.person();
  view.procedure = row.detail.procedure();
  view.our_unit = row.detail.our_unit();
  view.other_unit = row.detail.other_unit();
  view.since = row.since;
  view.due_time = row.due;
  view.due_basis = row.detail.due_basis();
  view.problem = row.detail.problem();
  view.notice = row.detail.notice();
  if (!view.notice.empty()) view.notice_since = absl::FromUnixMicros(row.detail.notice_us());
  view.unread = row.attention && view.problem.empty() && view.notice.empty();
  return view;
}

}  // namespace waystation::agency
