#include "services/ins/register.h"

#include <limits>

#include "common/status/status.h"

namespace waystation::ins {
namespace {

using agency::Blob;
using agency::Row;
using agency::Transaction;
using agency::Value;

constexpr std::string_view kFirst = R"sql(
CREATE TABLE petition(
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  referral_id BLOB NOT NULL UNIQUE,
  content BLOB NOT NULL);

CREATE TABLE presence(
  presence_id TEXT PRIMARY KEY,
  person TEXT NOT NULL,
  last_day INTEGER NOT NULL,  -- days since 1970
  content BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX presence_last_day ON presence(last_day, presence_id);

CREATE TABLE notice(
  referral_id BLOB PRIMARY KEY,
  presence_id TEXT NOT NULL REFERENCES presence(presence_id)) WITHOUT ROWID;
)sql";

constexpr std::string_view kSecond = R"sql(
CREATE TABLE hhs_told(
  reference TEXT PRIMARY KEY,  -- first presence of a row of renewals
  person TEXT NOT NULL,
  referral_id BLOB NOT NULL,   -- the latest notice
  last_day INTEGER) WITHOUT ROWID;  -- days since 1970; NULL: HHS knows the end
CREATE INDEX hhs_told_last_day ON hhs_told(last_day) WHERE last_day IS NOT NULL;
)sql";

constexpr int64_t kNewest = std::numeric_limits<int64_t>::max();

template <typename Record>
absl::StatusOr<Register::Rows<Record>> Select(Transaction& db, std::string_view column,
                                              std::string_view sql,
                                              const std::vector<Value>& values) {
  Register::Rows<Record> rows;
  WS_RETURN_IF_ERROR(db.Query(sql, values, [&](const Row& row) -> absl::Status {
    WS_ASSIGN_OR_RETURN(std::string bytes, db.Open(column, row.Bytes(1), row.Bytes(2)));
    auto& [position, record] = rows.emplace_back();
    position = row.Int(0);
    if (record.ParseFromString(bytes)) return absl::OkStatus();
    return absl::DataLossError(Problem("store", absl::StrCat(Absl(column), " cannot be read")));
  }));
  return rows;
}

template <typename Record>
absl::StatusOr<Record> Only(absl::StatusOr<Register::Rows<Record>> rows, std::string_view reason,
                            std::string_view thing) {
  WS_RETURN_IF_ERROR(rows.status());
  if (!rows->empty()) return std::move(rows->front().second);
  return Refusal(absl::StatusCode::kNotFound, reason, Problem(thing, "not one of this agency"));
}

constexpr absl::CivilDay kFirstDay(1970, 1, 1);

int64_t LastDay(const v1::Presence& presence) {
  return StoredDay(presence.expires_on()) - kFirstDay;
}

absl::StatusOr<std::vector<Register::Told>> SelectTold(Transaction& db, std::string_view where,
                                                       const std::vector<Value>& values) {
  std::vector<Register::Told> found;
  WS_RETURN_IF_ERROR(
      db.Query(absl::StrCat("SELECT reference, person, referral_id, last_day FROM hhs_told WHERE ",
                            Absl(where)),
               values, [&](const Row& row) {
                 Register::Told& told = found.emplace_back();
                 told.reference = row.Bytes(0);
                 told.person = row.Bytes(1);
                 told.referral_id = row.Bytes(2);
                 if (!row.IsNull(3)) told.last_day = kFirstDay + row.Int(3);
                 return absl::OkStatus();
               }));
  return found;
}

}  // namespace

agency::Schema Register::schema() { return {"ins", {kFirst, kSecond}}; }

absl::Status Register::AddPetition(const record::StoredPetition& stored) {
  const std::string& id = stored.petition().referral_id();
  WS_ASSIGN_OR_RETURN(std::string sealed,
                      db_.Seal("petition.content", id, stored.SerializeAsString()));
  return db_
      .Exec("INSERT INTO petition(referral_id, content) VALUES(?, ?)", {Blob{id}, Blob{sealed}})
      .status();
}

absl::Status Register::UpdatePetition(const record::StoredPetition& stored) {
  const std::string& id = stored.petition().referral_id();
  WS_ASSIGN_OR_RETURN(std::string sealed,
                      db_.Seal("petition.content", id, stored.SerializeAsString()));
  return db_.Exec("UPDATE petition SET content = ? WHERE referral_id = ?", {Blob{sealed}, Blob{id}})
      .status();
}

absl::StatusOr<record::StoredPetition> Register::GetPetition(std::string_view referral_id) {
  return Only(Select<record::StoredPetition>(
                  db_, "petition.content",
                  "SELECT position, referral_id, content FROM petition WHERE referral_id = ?",
                  {Blob{referral_id}}),
              "REFERRAL_UNKNOWN", "referral");
}

absl::StatusOr<Register::Rows<record::StoredPetition>> Register::Petitions(int64_t before,
                                                                           int limit) {
  return Select<record::StoredPetition>(
      db_, "petition.content",
      "SELECT position, referral_id, content FROM petition WHERE position < ? "
      "ORDER BY position DESC LIMIT ?",
      {before > 0 ? before : kNewest, int64_t{limit}});
}

absl::Status Register::SavePresence(const record::StoredPresence& stored) {
  const v1::Presence& presence = stored.presence();
  WS_ASSIGN_OR_RETURN(std::string sealed, db_.Seal("presence.content", presence.presence_id(),
                                                   stored.SerializeAsString()));
  return db_
      .Exec(
          "INSERT INTO presence(presence_id, person, last_day, content) VALUES(?, ?, ?, ?) "
          "ON CONFLICT(presence_id) DO UPDATE SET last_day = excluded.last_day, "
          "content = excluded.content",
          {presence.presence_id(), presence.person(), LastDay(presence), Blob{sealed}})
      .status();
}

absl::Status Register::RemovePresence(std::string_view presence_id) {
  WS_RETURN_IF_ERROR(db_.Exec("DELETE FROM notice WHERE presence_id = ?", {presence_id}).status());
  return db_.Exec("DELETE FROM presence WHERE presence_id = ?", {presence_id}).status();
}

absl::StatusOr<record::StoredPresence> Register::GetPresence(std::string_view presence_id) {
  return Only(
      Select<record::StoredPresence>(
          db_, "presence.content",
          "SELECT 1, presence_id, content FROM presence WHERE presence_id = ?", {presence_id}),
      "PRESENCE_UNKNOWN", "presence");
}

absl::StatusOr<Register::Rows<record::StoredPresence>> Register::Presences(std::string_view person,
                                                                           int64_t skip,
                                                                           int limit) {
  WS_ASSIGN_OR_RETURN(
      Rows<record::StoredPresence> rows,
      Select<record::StoredPresence>(db_, "presence.content",
                                     "SELECT 0, presence_id, content FROM presence "
                                     "WHERE (?1 = '' OR person = ?1) "
                                     "ORDER BY last_day, presence_id LIMIT ?2 OFFSET ?3",
                                     {person, int64_t{limit}, skip}));
  for (auto& [place, stored] : rows) place = ++skip;
  return rows;
}

absl::Status Register::AddNotice(std::string_view referral_id, std::string_view presence_id) {
  return db_
      .Exec("INSERT INTO notice(referral_id, presence_id) VALUES(?, ?)",
            {Blob{referral_id}, presence_id})
      .status();
}

absl::StatusOr<bool> Register::IsNotice(std::string_view referral_id) {
  bool found = false;
  WS_RETURN_IF_ERROR(
      db_.Query("SELECT 1 FROM notice WHERE referral_id = ?", {Blob{referral_id}}, [&](const Row&) {
        found = true;
        return absl::OkStatus();
      }));
  return found;
}

absl::Status Register::SaveTold(const Told& told) {
  const Value last_day = told.last_day.has_value() ? Value(*told.last_day - kFirstDay) : Value();
  return db_
      .Exec(
          "INSERT INTO hhs_told(reference, person, referral_id, last_day) VALUES(?, ?, ?, ?) "
          "ON CONFLICT(reference) DO UPDATE SET referral_id = excluded.referral_id, "
          "last_day = excluded.last_day",
          {told.reference, told.person, Blob{told.referral_id}, last_day})
      .status();
}

absl::StatusOr<std::optional<Register::Told>> Register::FindTold(std::string_view reference) {
  WS_ASSIGN_OR_RETURN(std::vector<Told> found, SelectTold(db_, "reference = ?", {reference}));
  if (found.empty()) return std::optional<Told>();
  return std::optional<Told>(std::move(found.front()));
}

absl::StatusOr<std::vector<Register::Told>> Register::ToldBefore(absl::CivilDay day, int limit) {
  return SelectTold(db_, "last_day < ? ORDER BY last_day, reference LIMIT ?",
                    {day - kFirstDay, int64_t{limit}});
}

}  // namespace waystation::ins
