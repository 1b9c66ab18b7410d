#include "common/petitioner/casebook.h"

#include <limits>

#include "common/status/status.h"

namespace waystation::petitioner {
namespace {

using agency::Blob;
using agency::Row;
using agency::Transaction;
using agency::Value;

// A store of DOJ may hold these tables already, under the schema name "doj".
constexpr std::string_view kFirst = R"sql(
CREATE TABLE IF NOT EXISTS intake(
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  person TEXT NOT NULL UNIQUE,
  unit TEXT NOT NULL,
  content BLOB NOT NULL);

CREATE TABLE IF NOT EXISTS finding(
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  person TEXT NOT NULL REFERENCES intake(person),
  content BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS finding_person ON finding(person, position);

CREATE TABLE IF NOT EXISTS duty(
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  person TEXT NOT NULL REFERENCES intake(person),
  content BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS duty_person ON duty(person, position);

CREATE TABLE IF NOT EXISTS petition(
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  referral_id BLOB NOT NULL UNIQUE,
  person TEXT NOT NULL REFERENCES intake(person),
  presence_id TEXT UNIQUE,  -- of the grant
  content BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS petition_person ON petition(person, position);
)sql";

constexpr int64_t kNewest = std::numeric_limits<int64_t>::max();

template <typename Record>
absl::StatusOr<Record> Unseal(const Transaction& db, std::string_view column, std::string_view key,
                              const std::string& sealed) {
  WS_ASSIGN_OR_RETURN(std::string bytes, db.Open(column, key, sealed));
  Record record;
  if (record.ParseFromString(bytes)) return record;
  return absl::DataLossError(Problem("store", absl::StrCat(Absl(column), " cannot be read")));
}

// Reads rows of (position, key, content) into records.
template <typename Record>
absl::StatusOr<Casebook::Rows<Record>> Select(Transaction& db, std::string_view column,
                                              std::string_view sql,
                                              const std::vector<Value>& values) {
  Casebook::Rows<Record> rows;
  WS_RETURN_IF_ERROR(db.Query(sql, values, [&](const Row& row) -> absl::Status {
    WS_ASSIGN_OR_RETURN(Record record, Unseal<Record>(db, column, row.Bytes(1), row.Bytes(2)));
    rows.emplace_back(row.Int(0), std::move(record));
    return absl::OkStatus();
  }));
  return rows;
}

template <typename Record>
std::vector<Record> RecordsOf(Casebook::Rows<Record> rows) {
  std::vector<Record> records;
  records.reserve(rows.size());
  for (auto& [position, record] : rows) records.push_back(std::move(record));
  return records;
}

// The only row, or `missing`.
template <typename Record>
absl::StatusOr<Record> Only(absl::StatusOr<Casebook::Rows<Record>> rows, absl::Status missing) {
  WS_RETURN_IF_ERROR(rows.status());
  if (rows->empty()) return missing;
  return std::move(rows->front().second);
}

int64_t BeforeOrNewest(int64_t before) { return before > 0 ? before : kNewest; }

Value PresenceOf(const v1::Petition& petition) {
  const std::string& presence = petition.decision().presence_id();
  return presence.empty() ? Value() : Value(std::string_view(presence));
}

}  // namespace

absl::Status NotHere(std::string_view reason, std::string_view thing) {
  return Refusal(absl::StatusCode::kNotFound, reason, Problem(thing, "not one of this agency"));
}

agency::Schema Casebook::schema() { return {"petitioner", {kFirst}}; }

absl::Status Casebook::AddIntake(const v1::Intake& intake) {
  WS_ASSIGN_OR_RETURN(std::string sealed,
                      db_.Seal("intake.content", intake.person(), intake.SerializeAsString()));
  return db_
      .Exec("INSERT INTO intake(person, unit, content) VALUES(?, ?, ?)",
            {intake.person(), intake.unit(), Blob{sealed}})
      .status();
}

absl::StatusOr<v1::Intake> Casebook::GetIntake(std::string_view person) {
  return Only(
      Select<v1::Intake>(db_, "intake.content",
                         "SELECT position, person, content FROM intake WHERE person = ?", {person}),
      NotHere("PERSON_UNKNOWN", "person"));
}

absl::StatusOr<Casebook::Rows<v1::Intake>> Casebook::Intakes(std::string_view unit, int64_t before,
                                                             int limit) {
  return Select<v1::Intake>(db_, "intake.content",
                            "SELECT position, person, content FROM intake WHERE position < ? AND "
                            "(?2 = '' OR unit = ?2) ORDER BY position DESC LIMIT ?",
                            {BeforeOrNewest(before), unit, int64_t{limit}});
}

absl::Status Casebook::AddFinding(std::string_view person, const v1::Finding& finding) {
  WS_ASSIGN_OR_RETURN(std::string sealed,
                      db_.Seal("finding.content", person, finding.SerializeAsString()));
  return db_.Exec("INSERT INTO finding(person, content) VALUES(?, ?)", {person, Blob{sealed}})
      .status();
}

absl::StatusOr<std::vector<v1::Finding>> Casebook::Findings(std::string_view person) {
  WS_ASSIGN_OR_RETURN(
      Rows<v1::Finding> rows,
      Select<v1::Finding>(
          db_, "finding.content",
          "SELECT position, person, content FROM finding WHERE person = ? ORDER BY position",
          {person}));
  return RecordsOf(std::move(rows));
}

absl::Status Casebook::AddDuty(std::string_view person, const v1::DutyRecord& duty) {
  WS_ASSIGN_OR_RETURN(std::string sealed,
                      db_.Seal("duty.content", person, duty.SerializeAsString()));
  return db_.Exec("INSERT INTO duty(person, content) VALUES(?, ?)", {person, Blob{sealed}})
      .status();
}

absl::StatusOr<std::vector<v1::DutyRecord>> Casebook::Duties(std::string_view person) {
  WS_ASSIGN_OR_RETURN(
      Rows<v1::DutyRecord> rows,
      Select<v1::DutyRecord>(
          db_, "duty.content",
          "SELECT position, person, content FROM duty WHERE person = ? ORDER BY position",
          {person}));
  return RecordsOf(std::move(rows));
}

absl::Status Casebook::AddPetition(const v1::Petition& petition) {
  WS_ASSIGN_OR_RETURN(std::string sealed, db_.Seal("petition.content", petition.referral_id(),
                                                   petition.SerializeAsString()));
  return db_
      .Exec("INSERT INTO petition(referral_id, person, content) VALUES(?, ?, ?)",
            {Blob{petition.referral_id()}, petition.person(), Blob{sealed}})
      .status();
}

absl::Status Casebook::UpdatePetition(const v1::Petition& petition) {
  WS_ASSIGN_OR_RETURN(std::string sealed, db_.Seal("petition.content", petition.referral_id(),
                                                   petition.SerializeAsString()));
  return db_
      .Exec("UPDATE petition SET presence_id = ?, content = ? WHERE referral_id = ?",
            {PresenceOf(petition), Blob{sealed}, Blob{petition.referral_id()}})
      .status();
}

absl::StatusOr<v1::Petition> Casebook::GetPetition(std::string_view referral_id) {
  return Only(Select<v1::Petition>(
                  db_, "petition.content",
                  "SELECT position, referral_id, content FROM petition WHERE referral_id = ?",
                  {Blob{referral_id}}),
              NotHere("REFERRAL_UNKNOWN", "referral"));
}

absl::StatusOr<v1::Petition> Casebook::PetitionOfPresence(std::string_view presence_id) {
  return Only(Select<v1::Petition>(
                  db_, "petition.content",
                  "SELECT position, referral_id, content FROM petition WHERE presence_id = ?",
                  {presence_id}),
              NotHere("PRESENCE_UNKNOWN", "presence"));
}

absl::StatusOr<Casebook::Rows<v1::Petition>> Casebook::Petitions(std::string_view person,
                                                                 int64_t before, int limit) {
  return Select<v1::Petition>(
      db_, "petition.content",
      "SELECT position, referral_id, content FROM petition WHERE position < ? AND "
      "(?2 = '' OR person = ?2) ORDER BY position DESC LIMIT ?",
      {BeforeOrNewest(before), person, int64_t{limit}});
}

}  // namespace waystation::petitioner
