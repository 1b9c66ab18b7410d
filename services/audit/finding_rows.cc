#include "services/audit/finding_rows.h"

#include <algorithm>
#include <string_view>

#include "common/status/status.h"
#include "services/audit/audit_store.h"

namespace waystation::audit {
namespace {

using agency::Blob;
using agency::Row;
using agency::Transaction;

constexpr std::string_view kColumn = "finding.sealed";

absl::StatusOr<v1::Finding> Unseal(Transaction& tx, const std::string& id,
                                   const std::string& sealed) {
  WS_ASSIGN_OR_RETURN(std::string bytes, tx.Open(kColumn, id, sealed));
  v1::Finding finding;
  if (finding.ParseFromString(bytes)) return finding;
  return absl::DataLossError(Problem("audit store", "a finding does not parse", id));
}

absl::StatusOr<int64_t> Number(Transaction& tx, std::string_view sql) {
  int64_t number = 0;
  WS_RETURN_IF_ERROR(tx.Query(sql, {}, [&](const Row& row) {
    number = row.Int(0);
    return absl::OkStatus();
  }));
  return number;
}

// The position that the finding keeps; 0 for one that is new or was closed.
absl::StatusOr<int64_t> KeptPosition(Transaction& tx, const v1::Finding& finding) {
  int64_t position = 0;
  bool was_open = false;
  WS_RETURN_IF_ERROR(tx.Query("SELECT position, open FROM finding WHERE id = ?",
                              {std::string_view(finding.finding_id())}, [&](const Row& row) {
                                position = row.Int(0);
                                was_open = row.Int(1) != 0;
                                return absl::OkStatus();
                              }));
  const bool opened = finding.state() == v1::FINDING_STATE_OPEN && !was_open;
  return opened ? 0 : position;
}

absl::Status SaveParties(Transaction& tx, const v1::Finding& finding) {
  for (const std::string& party : finding.parties()) {
    WS_RETURN_IF_ERROR(tx.Exec("INSERT OR IGNORE INTO finding_party(id, party) VALUES(?, ?)",
                               {std::string_view(finding.finding_id()), std::string_view(party)})
                           .status());
  }
  return absl::OkStatus();
}

}  // namespace

const agency::Schema& FindingSchema() {
  static const auto& schema = *new agency::Schema{
      "finding",
      {"CREATE TABLE finding(id TEXT PRIMARY KEY, rule TEXT NOT NULL, open INTEGER NOT NULL, "
       "position INTEGER NOT NULL UNIQUE, revision INTEGER NOT NULL UNIQUE, sealed BLOB NOT NULL);"
       "CREATE TABLE finding_party(id TEXT NOT NULL REFERENCES finding(id), party TEXT NOT NULL, "
       "PRIMARY KEY(id, party)) WITHOUT ROWID;",
       "CREATE TABLE finding_told(id TEXT PRIMARY KEY REFERENCES finding(id), "
       "open INTEGER NOT NULL, position INTEGER NOT NULL) WITHOUT ROWID;"}};
  return schema;
}

absl::StatusOr<v1::Finding> LoadFinding(Transaction& tx, const std::string& id) {
  std::string sealed;
  WS_RETURN_IF_ERROR(tx.Query("SELECT sealed FROM finding WHERE id = ?", {std::string_view(id)},
                              [&](const Row& row) {
                                sealed = row.Bytes(0);
                                return absl::OkStatus();
                              }));
  if (sealed.empty()) return v1::Finding();
  return Unseal(tx, id, sealed);
}

absl::StatusOr<v1::Finding> LoadSeenFinding(Transaction& tx, const std::string& id,
                                            const std::string& seen_by) {
  WS_ASSIGN_OR_RETURN(v1::Finding finding, LoadFinding(tx, id));
  const auto& parties = finding.parties();
  const bool sees =
      seen_by.empty() || std::find(parties.begin(), parties.end(), seen_by) != parties.end();
  if (!finding.finding_id().empty() && sees) return finding;
  return Refusal(absl::StatusCode::kNotFound, "FINDING_UNKNOWN",
                 Problem("finding", "none of this caller's", Quoted(id), "a finding_id of a list"));
}

absl::Status SaveFinding(Transaction& tx, v1::Finding* finding) {
  WS_ASSIGN_OR_RETURN(int64_t revision,
                      Number(tx, "SELECT coalesce(max(revision), 0) + 1 FROM finding"));
  WS_ASSIGN_OR_RETURN(int64_t position, KeptPosition(tx, *finding));
  if (position == 0) {
    WS_ASSIGN_OR_RETURN(position, Number(tx, "SELECT coalesce(max(position), 0) + 1 FROM finding"));
  }
  finding->set_revision(static_cast<uint64_t>(revision));
  WS_ASSIGN_OR_RETURN(std::string sealed,
                      tx.Seal(kColumn, finding->finding_id(), finding->SerializeAsString()));
  WS_RETURN_IF_ERROR(
      tx.Exec(
            "INSERT INTO finding(id, rule, open, position, revision, sealed) "
            "VALUES(?, ?, ?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET open = excluded.open, "
            "position = excluded.position, revision = excluded.revision, "
            "sealed = excluded.sealed",
            {std::string_view(finding->finding_id()), std::string_view(finding->rule_id()),
             int64_t{finding->state() == v1::FINDING_STATE_OPEN}, position, revision, Blob{sealed}})
          .status());
  return SaveParties(tx, *finding);
}

absl::StatusOr<std::vector<std::pair<int64_t, v1::Finding>>> QueryFindings(
    Transaction& tx, const FindingQuery& query) {
  std::vector<std::pair<int64_t, v1::Finding>> found;
  const auto party_of = [](std::string_view parameter) {
    const std::string name(parameter);
    return "(" + name +
           " = '' OR EXISTS(SELECT 1 FROM finding_party p WHERE p.id = finding.id "
           "AND p.party = " +
           name + "))";
  };
  const std::string sql =
      "SELECT position, id, sealed FROM finding WHERE (?1 = '' OR rule = ?1) "
      "AND (?2 = 0 OR open = 1) AND revision > ?3 AND (?4 = 0 OR position < ?4) AND " +
      party_of("?5") + " AND " + party_of("?6") + " ORDER BY position DESC LIMIT ?7";
  WS_RETURN_IF_ERROR(tx.Query(
      sql,
      {std::string_view(query.rule), int64_t{query.open_only},
       static_cast<int64_t>(query.changed_after), static_cast<int64_t>(query.before),
       std::string_view(query.party), std::string_view(query.seen_by), int64_t{query.limit}},
      [&](const Row& row) -> absl::Status {
        WS_ASSIGN_OR_RETURN(v1::Finding finding, Unseal(tx, row.Bytes(1), row.Bytes(2)));
        found.emplace_back(row.Int(0), std::move(finding));
        return absl::OkStatus();
      }));
  return found;
}

// An opening has a position of its own, so that one that ended and opened again
// between two looks is told too.
absl::StatusOr<std::vector<v1::Finding>> UntoldFindings(Transaction& tx, int limit) {
  std::vector<v1::Finding> found;
  WS_RETURN_IF_ERROR(
      tx.Query("SELECT f.id, f.sealed FROM finding f LEFT JOIN finding_told t ON t.id = f.id "
               "WHERE t.id IS NULL OR t.open != f.open OR t.position != f.position "
               "ORDER BY f.revision LIMIT ?",
               {int64_t{limit}}, [&](const Row& row) -> absl::Status {
                 WS_ASSIGN_OR_RETURN(found.emplace_back(), Unseal(tx, row.Bytes(0), row.Bytes(1)));
                 return absl::OkStatus();
               }));
  return found;
}

absl::Status MarkTold(Transaction& tx, const v1::Finding& finding) {
  return tx
      .Exec(
          "INSERT INTO finding_told(id, open, position) SELECT id, ?2, position FROM finding "
          "WHERE id = ?1 ON CONFLICT(id) DO UPDATE SET open = excluded.open, "
          "position = excluded.position",
          {std::string_view(finding.finding_id()),
           int64_t{finding.state() == v1::FINDING_STATE_OPEN}})
      .status();
}

}  // namespace waystation::audit
