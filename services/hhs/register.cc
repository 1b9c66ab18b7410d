#include "services/hhs/register.h"

#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace waystation::hhs {
namespace {

using agency::Blob;
using agency::Row;
using agency::Transaction;
using agency::Value;

constexpr std::string_view kFirst = R"sql(
CREATE TABLE hhs_case(
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  case_id TEXT NOT NULL UNIQUE,
  person TEXT NOT NULL UNIQUE,
  content BLOB NOT NULL);

CREATE TABLE hhs_letter(
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  number TEXT NOT NULL UNIQUE,
  case_id TEXT NOT NULL REFERENCES hhs_case(case_id),
  content BLOB NOT NULL);
CREATE INDEX hhs_letter_case ON hhs_letter(case_id, position);

CREATE TABLE hhs_verification(
  number TEXT NOT NULL REFERENCES hhs_letter(number),
  place INTEGER NOT NULL,  -- from 1 for each letter
  content BLOB NOT NULL,
  PRIMARY KEY(number, place)) WITHOUT ROWID;
)sql";

constexpr int64_t kNewest = std::numeric_limits<int64_t>::max();

// Rows of position, key and sealed content.
template <typename Record>
absl::StatusOr<std::vector<std::pair<int64_t, Record>>> Select(Transaction& db,
                                                               std::string_view column,
                                                               std::string_view sql,
                                                               const std::vector<Value>& values) {
  std::vector<std::pair<int64_t, Record>> rows;
  WS_RETURN_IF_ERROR(db.Query(sql, values, [&](const Row& row) -> absl::Status {
    WS_ASSIGN_OR_RETURN(std::string bytes, db.Open(column, row.Bytes(1), row.Bytes(2)));
    auto& [position, record] = rows.emplace_back();
    position = row.Int(0);
    if (record.ParseFromString(bytes)) return absl::OkStatus();
    return absl::DataLossError(Problem("store", absl::StrCat(Absl(column), " cannot be read")));
  }));
  return rows;
}

absl::StatusOr<Register::Cases> SelectCases(Transaction& db, std::string_view where,
                                            const std::vector<Value>& values) {
  const std::string sql =
      absl::StrCat("SELECT position, case_id, content FROM hhs_case WHERE ", Absl(where));
  WS_ASSIGN_OR_RETURN(auto rows, Select<record::StoredCase>(db, "hhs_case.content", sql, values));
  Register::Cases cases;
  for (auto& [position, stored] : rows) {
    cases.emplace_back(position, std::move(*stored.mutable_certification_case()));
  }
  return cases;
}

absl::StatusOr<std::vector<record::StoredLetter>> SelectLetters(Transaction& db,
                                                                std::string_view where,
                                                                std::string_view value) {
  const std::string sql = absl::StrCat("SELECT position, number, content FROM hhs_letter WHERE ",
                                       Absl(where), " = ? ORDER BY position");
  WS_ASSIGN_OR_RETURN(auto rows,
                      Select<record::StoredLetter>(db, "hhs_letter.content", sql, {value}));
  std::vector<record::StoredLetter> letters;
  for (auto& [position, stored] : rows) letters.push_back(std::move(stored));
  return letters;
}

absl::Status Unknown(std::string_view reason, std::string_view thing) {
  return Refusal(absl::StatusCode::kNotFound, reason, Problem(thing, "not one of this agency"));
}

std::string VerificationKey(std::string_view number, int64_t place) {
  return absl::StrCat(Absl(number), "/", place);
}

}  // namespace

agency::Schema Register::schema() { return {"hhs", {kFirst}}; }

absl::Status Register::SaveCase(const v1::CertificationCase& one) {
  record::StoredCase stored;
  *stored.mutable_certification_case() = one;
  WS_ASSIGN_OR_RETURN(std::string sealed,
                      db_.Seal("hhs_case.content", one.case_id(), stored.SerializeAsString()));
  return db_
      .Exec(
          "INSERT INTO hhs_case(case_id, person, content) VALUES(?, ?, ?) "
          "ON CONFLICT(case_id) DO UPDATE SET content = excluded.content",
          {one.case_id(), one.person(), Blob{sealed}})
      .status();
}

absl::StatusOr<v1::CertificationCase> Register::GetCase(std::string_view case_id) {
  WS_ASSIGN_OR_RETURN(Cases cases, SelectCases(db_, "case_id = ?", {case_id}));
  if (cases.empty()) return Unknown("CASE_UNKNOWN", "case");
  return std::move(cases.front().second);
}

absl::StatusOr<std::optional<v1::CertificationCase>> Register::FindPerson(std::string_view person) {
  WS_ASSIGN_OR_RETURN(Cases cases, SelectCases(db_, "person = ?", {person}));
  if (cases.empty()) return std::optional<v1::CertificationCase>();
  return std::optional(std::move(cases.front().second));
}

absl::StatusOr<Register::Cases> Register::ListCases(int64_t before, int limit) {
  return SelectCases(db_, "position < ? ORDER BY position DESC LIMIT ?",
                     {before > 0 ? before : kNewest, int64_t{limit}});
}

absl::Status Register::SaveLetter(const record::StoredLetter& stored) {
  const std::string& number = stored.record().number();
  WS_ASSIGN_OR_RETURN(std::string sealed,
                      db_.Seal("hhs_letter.content", number, stored.SerializeAsString()));
  return db_
      .Exec(
          "INSERT INTO hhs_letter(number, case_id, content) VALUES(?, ?, ?) "
          "ON CONFLICT(number) DO UPDATE SET content = excluded.content",
          {number, stored.case_id(), Blob{sealed}})
      .status();
}

absl::StatusOr<record::StoredLetter> Register::GetLetter(std::string_view number) {
  WS_ASSIGN_OR_RETURN(auto letters, SelectLetters(db_, "number", number));
  if (letters.empty()) return Unknown("LETTER_UNKNOWN", "letter");
  return std::move(letters.front());
}

absl::StatusOr<std::vector<record::StoredLetter>> Register::LettersOf(std::string_view case_id) {
  return SelectLetters(db_, "case_id", case_id);
}

absl::Status Register::AddVerification(std::string_view number,
                                       const v1::Verification& verification) {
  int64_t place = 1;
  WS_RETURN_IF_ERROR(db_.Query("SELECT COUNT(*) FROM hhs_verification WHERE number = ?", {number},
                               [&](const Row& row) {
                                 place += row.Int(0);
                                 return absl::OkStatus();
                               }));
  WS_ASSIGN_OR_RETURN(std::string sealed,
                      db_.Seal("hhs_verification.content", VerificationKey(number, place),
                               verification.SerializeAsString()));
  return db_
      .Exec("INSERT INTO hhs_verification(number, place, content) VALUES(?, ?, ?)",
            {number, place, Blob{sealed}})
      .status();
}

absl::StatusOr<std::vector<v1::Verification>> Register::Verifications(std::string_view number) {
  WS_ASSIGN_OR_RETURN(auto rows,
                      Select<v1::Verification>(
                          db_, "hhs_verification.content",
                          "SELECT place, number || '/' || place, content FROM hhs_verification "
                          "WHERE number = ? ORDER BY place DESC LIMIT 200",
                          {number}));
  std::vector<v1::Verification> verifications;
  for (auto& [place, verification] : rows) verifications.push_back(std::move(verification));
  return verifications;
}

}  // namespace waystation::hhs
