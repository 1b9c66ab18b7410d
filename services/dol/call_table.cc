#include "services/dol/call_table.h"

#include <limits>

#include "common/status/status.h"

namespace waystation::dol {
namespace {

using agency::Blob;
using agency::Row;
using agency::Value;

constexpr std::string_view kFirst = R"sql(
CREATE TABLE complaint_call(
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  call_id TEXT NOT NULL UNIQUE,
  person TEXT NOT NULL,  -- changes when calls are linked
  content BLOB NOT NULL);
CREATE INDEX complaint_call_person ON complaint_call(person, position);

CREATE TABLE call_referral(
  referral_id BLOB PRIMARY KEY,
  call_id TEXT NOT NULL REFERENCES complaint_call(call_id)) WITHOUT ROWID;
)sql";

constexpr std::string_view kColumn = "complaint_call.content";
constexpr int64_t kNewest = std::numeric_limits<int64_t>::max();

absl::StatusOr<CallTable::Rows> Select(agency::Transaction& db, std::string_view where,
                                       const std::vector<Value>& values) {
  CallTable::Rows rows;
  WS_RETURN_IF_ERROR(db.Query(
      absl::StrCat("SELECT position, call_id, content FROM complaint_call WHERE ", Absl(where)),
      values, [&](const Row& row) -> absl::Status {
        WS_ASSIGN_OR_RETURN(std::string bytes, db.Open(kColumn, row.Bytes(1), row.Bytes(2)));
        auto& [position, stored] = rows.emplace_back();
        position = row.Int(0);
        if (stored.ParseFromString(bytes)) return absl::OkStatus();
        return absl::DataLossError(
            Problem("store", absl::StrCat(Absl(kColumn), " cannot be read")));
      }));
  return rows;
}

}  // namespace

agency::Schema CallTable::schema() { return {"dol", {kFirst}}; }

absl::Status CallTable::Save(const record::StoredCall& stored) {
  const v1::Call& call = stored.call();
  WS_ASSIGN_OR_RETURN(std::string sealed,
                      db_.Seal(kColumn, call.call_id(), stored.SerializeAsString()));
  return db_
      .Exec(
          "INSERT INTO complaint_call(call_id, person, content) VALUES(?, ?, ?) "
          "ON CONFLICT(call_id) DO UPDATE SET person = excluded.person, content = excluded.content",
          {call.call_id(), call.person(), Blob{sealed}})
      .status();
}

absl::StatusOr<record::StoredCall> CallTable::Get(std::string_view call_id) {
  WS_ASSIGN_OR_RETURN(Rows rows, Select(db_, "call_id = ?", {call_id}));
  if (!rows.empty()) return std::move(rows.front().second);
  // What came may be a number: it must not reach a log.
  return Refusal(absl::StatusCode::kNotFound, "CALL_UNKNOWN",
                 Problem("call_id", "not in the records of the complaint line"));
}

absl::StatusOr<CallTable::Rows> CallTable::Calls(int64_t before, int limit) {
  return Select(db_, "position < ? ORDER BY position DESC LIMIT ?",
                {before > 0 ? before : kNewest, int64_t{limit}});
}

absl::StatusOr<CallTable::Rows> CallTable::OfPerson(std::string_view person) {
  return Select(db_, "person = ? ORDER BY position", {person});
}

absl::Status CallTable::AddReferral(std::string_view referral_id, std::string_view call_id) {
  return db_
      .Exec("INSERT INTO call_referral(referral_id, call_id) VALUES(?, ?)",
            {Blob{referral_id}, call_id})
      .status();
}

absl::StatusOr<std::string> CallTable::CallOf(std::string_view referral_id) {
  std::string call_id;
  WS_RETURN_IF_ERROR(db_.Query("SELECT call_id FROM call_referral WHERE referral_id = ?",
                               {Blob{referral_id}}, [&](const Row& row) {
                                 call_id = row.Bytes(0);
                                 return absl::OkStatus();
                               }));
  return call_id;
}

}  // namespace waystation::dol
