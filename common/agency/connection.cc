#include "common/agency/connection.h"

#include <sqlite3.h>

#include <utility>

#include "SQLiteCpp/Column.h"
#include "SQLiteCpp/Database.h"
#include "SQLiteCpp/Exception.h"
#include "SQLiteCpp/Statement.h"
#include "common/status/status.h"

namespace waystation::agency {
namespace {

// Another connection of this process may hold the lock for a moment.
constexpr int kBusyTimeoutMs = 5000;

absl::StatusCode CodeOf(int extended) {
  if (extended == SQLITE_CONSTRAINT_UNIQUE || extended == SQLITE_CONSTRAINT_PRIMARYKEY) {
    return absl::StatusCode::kAlreadyExists;
  }
  switch (extended & 0xff) {
    case SQLITE_CONSTRAINT:
    case SQLITE_READONLY:
      return absl::StatusCode::kFailedPrecondition;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::StatusCode::kDataLoss;
    case SQLITE_FULL:
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::StatusCode::kUnavailable;
    default:
      return absl::StatusCode::kInternal;
  }
}

// SQLite's texts name tables and columns, never values.
absl::Status FromException(const SQLite::Exception& error) {
  return absl::Status(CodeOf(error.getExtendedErrorCode()),
                      Problem("store", "sqlite error", error.what()));
}

class StatementRow : public Row {
 public:
  explicit StatementRow(SQLite::Statement& statement) : statement_(statement) {}

  bool IsNull(int column) const override { return statement_.isColumnNull(column); }
  int64_t Int(int column) const override { return statement_.getColumn(column).getInt64(); }
  std::string Bytes(int column) const override { return statement_.getColumn(column).getString(); }

 private:
  SQLite::Statement& statement_;
};

void BindOne(SQLite::Statement& statement, int index, const Value& value) {
  if (const auto* number = std::get_if<int64_t>(&value)) {
    statement.bind(index, *number);
  } else if (const auto* text = std::get_if<std::string_view>(&value)) {
    statement.bind(index, std::string(*text));
  } else if (const auto* blob = std::get_if<Blob>(&value)) {
    // A null pointer would bind NULL where an empty blob is meant.
    const char* bytes = blob->bytes.empty() ? "" : blob->bytes.data();
    statement.bind(index, static_cast<const void*>(bytes), static_cast<int>(blob->bytes.size()));
  } else {
    statement.bind(index);
  }
}

void BindAll(SQLite::Statement& statement, const std::vector<Value>& values) {
  int index = 1;
  for (const Value& value : values) BindOne(statement, index++, value);
}

}  // namespace

Connection::Connection(std::unique_ptr<SQLite::Database> database, Mode mode,
                       const crypto::AeadKey& key)
    : database_(std::move(database)), mode_(mode), key_(key) {}

Connection::~Connection() = default;

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const std::string& path, Mode mode,
                                                             const crypto::AeadKey& key) {
  std::unique_ptr<Connection> connection;
  try {
    auto database = std::make_unique<SQLite::Database>(
        path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, kBusyTimeoutMs);
    connection.reset(new Connection(std::move(database), mode, key));
  } catch (const SQLite::Exception& error) {
    return FromException(error);
  }
  WS_RETURN_IF_ERROR(connection->Configure());
  return connection;
}

absl::Status Connection::Configure() {
  // FULL: each commit is synced before it is reported (sqlite.org/pragma.html,
  // synchronous). Sorting must not spill to a file of its own.
  WS_RETURN_IF_ERROR(
      ExecScript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                 "PRAGMA temp_store=MEMORY; PRAGMA cell_size_check=ON; PRAGMA secure_delete=ON;"));
  WS_RETURN_IF_ERROR(Expect("journal_mode", "wal"));
  WS_RETURN_IF_ERROR(Expect("synchronous", "2"));
  WS_RETURN_IF_ERROR(Expect("foreign_keys", "1"));
  if (mode_ == Mode::kRead) return ExecScript("PRAGMA query_only=ON");
  absl::Status sound = Expect("quick_check", "ok");
  if (absl::IsFailedPrecondition(sound)) return absl::DataLossError(sound.message());
  return sound;
}

absl::Status Connection::Expect(std::string_view pragma, std::string_view want) {
  std::string got;
  std::string sql = absl::StrCat("PRAGMA ", Absl(pragma));
  WS_RETURN_IF_ERROR(Query(sql, {}, [&](const Row& row) {
    if (got.empty()) got = row.Bytes(0);
    return absl::OkStatus();
  }));
  if (got == want) return absl::OkStatus();
  return absl::FailedPreconditionError(
      Problem("store", absl::StrCat("wrong ", Absl(pragma)), Quoted(got), want));
}

absl::Status Connection::ExecScript(std::string_view sql) {
  try {
    database_->exec(std::string(sql));
    return absl::OkStatus();
  } catch (const SQLite::Exception& error) {
    return FromException(error);
  }
}

absl::StatusOr<int64_t> Connection::Exec(std::string_view sql, const std::vector<Value>& values) {
  try {
    SQLite::Statement statement(*database_, std::string(sql));
    BindAll(statement, values);
    return statement.exec();
  } catch (const SQLite::Exception& error) {
    return FromException(error);
  }
}

absl::Status Connection::Query(std::string_view sql, const std::vector<Value>& values,
                               const std::function<absl::Status(const Row&)>& each) {
  try {
    SQLite::Statement statement(*database_, std::string(sql));
    BindAll(statement, values);
    StatementRow row(statement);
    while (statement.executeStep()) {
      WS_RETURN_IF_ERROR(each(row));
    }
    return absl::OkStatus();
  } catch (const SQLite::Exception& error) {
    return FromException(error);
  }
}

absl::Status Connection::Savepoint(const std::function<absl::Status()>& body) {
  std::string name = absl::StrCat("level_", savepoint_depth_);
  WS_RETURN_IF_ERROR(ExecScript(absl::StrCat("SAVEPOINT ", name)));
  ++savepoint_depth_;
  absl::Status done = body();
  --savepoint_depth_;
  if (!done.ok()) {
    // Without this rollback a refused effect would be committed with the rest.
    WS_RETURN_IF_ERROR(ExecScript(absl::StrCat("ROLLBACK TO ", name)));
  }
  WS_RETURN_IF_ERROR(ExecScript(absl::StrCat("RELEASE ", name)));
  return done;
}

absl::Status Connection::Commit() {
  try {
    database_->exec("COMMIT");
    return absl::OkStatus();
  } catch (const SQLite::Exception& error) {
    // After a failed sync the kernel may have dropped the pages and report the
    // next sync as good; only a fresh start reads what the disk really has.
    if ((error.getErrorCode() & 0xff) == SQLITE_IOERR) {
      Fatal("store: the disk failed while committing; start again when it is sound");
    }
    return FromException(error);
  }
}

void Connection::Undo(std::string_view sql) {
  // SQLite has rolled back by itself after some errors; then there is nothing
  // to undo and the statement fails harmlessly.
  (void)ExecScript(sql);
}

absl::Status Connection::InTransaction(const std::function<absl::Status()>& body) {
  WS_RETURN_IF_ERROR(ExecScript(mode_ == Mode::kWrite ? "BEGIN IMMEDIATE" : "BEGIN"));
  absl::Status done = body();
  if (done.ok()) done = Commit();
  if (!done.ok()) Undo("ROLLBACK");
  return done;
}

absl::StatusOr<std::string> Connection::Seal(std::string_view column, std::string_view row,
                                             std::string_view plaintext) const {
  std::string place = absl::StrCat(column.size(), ":", Absl(column), row.size(), ":", Absl(row));
  return crypto::Seal(key_, place, plaintext);
}

absl::StatusOr<std::string> Connection::Open(std::string_view column, std::string_view row,
                                             std::string_view sealed) const {
  std::string place = absl::StrCat(column.size(), ":", Absl(column), row.size(), ":", Absl(row));
  absl::StatusOr<std::string> plain = crypto::Open(key_, place, sealed);
  if (plain.ok()) return plain;
  return absl::DataLossError(Problem("store", absl::StrCat("sealed value of ", Absl(column)),
                                     "one that does not open",
                                     "one sealed here under the store key"));
}

}  // namespace waystation::agency
