#include "common/casework/case_table.h"

#include <limits>
#include <string>

#include "common/status/status.h"

namespace waystation::casework {
namespace {

using agency::Blob;
using agency::Row;
using agency::Value;

constexpr std::string_view kFirst = R"sql(
CREATE TABLE casework_referral(
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  referral_id BLOB NOT NULL UNIQUE,
  person TEXT NOT NULL,
  forwards BLOB NOT NULL,     -- referral of ours that it forwards; empty: none
  consent_id TEXT NOT NULL,   -- consent that it rests on; empty: none
  content BLOB NOT NULL);
CREATE INDEX casework_person ON casework_referral(person, position);
CREATE INDEX casework_forwards ON casework_referral(forwards) WHERE forwards != x'';
CREATE INDEX casework_consents ON casework_referral(consent_id) WHERE consent_id != '';

CREATE TABLE casework_consent(
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  consent_id TEXT NOT NULL UNIQUE,
  person TEXT NOT NULL,
  content BLOB NOT NULL);
CREATE INDEX casework_consent_person ON casework_consent(person, position);
)sql";

// Who read a content past need, here or at the other agency.
constexpr std::string_view kSecond = R"sql(
CREATE TABLE casework_glass(
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  notice BLOB NOT NULL UNIQUE,  -- referral that tells the other agency
  referral_id BLOB NOT NULL REFERENCES casework_referral(referral_id),
  content BLOB NOT NULL);
CREATE INDEX casework_glass_referral ON casework_glass(referral_id, position);
)sql";

constexpr std::string_view kReferralColumn = "casework_referral.content";
constexpr std::string_view kConsentColumn = "casework_consent.content";
constexpr std::string_view kGlassColumn = "casework_glass.content";
constexpr int64_t kNewest = std::numeric_limits<int64_t>::max();

// Rows of (position, key, content).
template <typename Record>
absl::StatusOr<std::vector<std::pair<int64_t, Record>>> Select(agency::Transaction& db,
                                                               std::string_view column,
                                                               const std::string& sql,
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

absl::StatusOr<CaseTable::Rows> SelectReferrals(agency::Transaction& db, std::string_view where,
                                                const std::vector<Value>& values) {
  return Select<record::StoredReferral>(
      db, kReferralColumn,
      absl::StrCat("SELECT position, referral_id, content FROM casework_referral WHERE ",
                   Absl(where)),
      values);
}

}  // namespace

agency::Schema CaseTable::schema() { return {"casework", {kFirst, kSecond}}; }

absl::Status CaseTable::Save(const record::StoredReferral& stored) {
  const v1::Referral& referral = stored.referral();
  WS_ASSIGN_OR_RETURN(std::string sealed, db_.Seal(kReferralColumn, referral.referral_id(),
                                                   stored.SerializeAsString()));
  return db_
      .Exec(
          "INSERT INTO casework_referral(referral_id, person, forwards, consent_id, content) "
          "VALUES(?, ?, ?, ?, ?) ON CONFLICT(referral_id) DO UPDATE SET content = excluded.content",
          {Blob{referral.referral_id()}, referral.person(), Blob{referral.forwards_referral_id()},
           referral.basis().consent_id(), Blob{sealed}})
      .status();
}

absl::StatusOr<std::optional<record::StoredReferral>> CaseTable::Find(
    std::string_view referral_id) {
  WS_ASSIGN_OR_RETURN(Rows rows, SelectReferrals(db_, "referral_id = ?", {Blob{referral_id}}));
  if (rows.empty()) return std::optional<record::StoredReferral>();
  return std::optional<record::StoredReferral>(std::move(rows.front().second));
}

absl::StatusOr<record::StoredReferral> CaseTable::Get(std::string_view referral_id) {
  WS_ASSIGN_OR_RETURN(std::optional<record::StoredReferral> found, Find(referral_id));
  if (found.has_value()) return *std::move(found);
  return Refusal(absl::StatusCode::kNotFound, "REFERRAL_UNKNOWN",
                 Problem("referral", "not one of this agency"));
}

absl::StatusOr<CaseTable::Rows> CaseTable::Referrals(std::string_view person, int64_t before,
                                                     int limit) {
  return SelectReferrals(
      db_, "(?1 = '' OR person = ?1) AND position < ?2 ORDER BY position DESC LIMIT ?3",
      {person, before > 0 ? before : kNewest, int64_t{limit}});
}

absl::StatusOr<CaseTable::Rows> CaseTable::Forwarding(std::string_view referral_id) {
  return SelectReferrals(db_, "forwards = ? AND forwards != x'' ORDER BY position",
                         {Blob{referral_id}});
}

absl::StatusOr<CaseTable::Rows> CaseTable::Under(std::string_view consent_id) {
  return SelectReferrals(db_, "consent_id = ? AND consent_id != '' ORDER BY position",
                         {consent_id});
}

absl::Status CaseTable::AddGlass(std::string_view referral_id, const v1::BrokenGlass& glass) {
  const std::string& notice = glass.notice_referral_id();
  WS_ASSIGN_OR_RETURN(std::string sealed,
                      db_.Seal(kGlassColumn, notice, glass.SerializeAsString()));
  return db_
      .Exec("INSERT INTO casework_glass(notice, referral_id, content) VALUES(?, ?, ?)",
            {Blob{notice}, Blob{referral_id}, Blob{sealed}})
      .status();
}

absl::StatusOr<std::vector<v1::BrokenGlass>> CaseTable::Glasses(std::string_view referral_id) {
  WS_ASSIGN_OR_RETURN(
      auto rows, Select<v1::BrokenGlass>(db_, kGlassColumn,
                                         "SELECT position, notice, content FROM casework_glass "
                                         "WHERE referral_id = ? ORDER BY position DESC LIMIT 200",
                                         {Blob{referral_id}}));
  std::vector<v1::BrokenGlass> glasses;
  for (auto& [position, glass] : rows) glasses.push_back(std::move(glass));
  return glasses;
}

absl::Status CaseTable::SaveConsent(const record::StoredConsent& stored) {
  const v1::Consent& consent = stored.consent();
  WS_ASSIGN_OR_RETURN(std::string sealed,
                      db_.Seal(kConsentColumn, consent.consent_id(), stored.SerializeAsString()));
  return db_
      .Exec(
          "INSERT INTO casework_consent(consent_id, person, content) VALUES(?, ?, ?) "
          "ON CONFLICT(consent_id) DO UPDATE SET content = excluded.content",
          {consent.consent_id(), consent.person(), Blob{sealed}})
      .status();
}

absl::StatusOr<record::StoredConsent> CaseTable::GetConsent(std::string_view consent_id) {
  WS_ASSIGN_OR_RETURN(auto rows, Select<record::StoredConsent>(
                                     db_, kConsentColumn,
                                     "SELECT position, consent_id, content FROM casework_consent "
                                     "WHERE consent_id = ?",
                                     {consent_id}));
  if (!rows.empty()) return std::move(rows.front().second);
  return Refusal(absl::StatusCode::kNotFound, "CONSENT_UNKNOWN",
                 Problem("consent", "not one of this agency", Quoted(consent_id)));
}

absl::StatusOr<std::vector<record::StoredConsent>> CaseTable::Consents(std::string_view person) {
  WS_ASSIGN_OR_RETURN(auto rows, Select<record::StoredConsent>(
                                     db_, kConsentColumn,
                                     "SELECT position, consent_id, content FROM casework_consent "
                                     "WHERE person = ? ORDER BY position DESC LIMIT 200",
                                     {person}));
  std::vector<record::StoredConsent> consents;
  for (auto& [position, stored] : rows) consents.push_back(std::move(stored));
  return consents;
}

}  // namespace waystation::casework
