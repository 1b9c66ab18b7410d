#include "common/agency/store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/agency/connection.h"
#include "common/status/status.h"

namespace waystation::agency {
namespace {

constexpr std::string_view kBaseSchema =
    "CREATE TABLE IF NOT EXISTS store_schema(name TEXT PRIMARY KEY, version INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS store_key(id INTEGER PRIMARY KEY CHECK(id = 1), "
    "proof BLOB NOT NULL);";

constexpr std::string_view kKeyProof = "waystation store key";

absl::StatusOr<int64_t> VersionOf(Connection& db, std::string_view name) {
  int64_t version = 0;
  WS_RETURN_IF_ERROR(
      db.Query("SELECT version FROM store_schema WHERE name = ?", {name}, [&](const Row& row) {
        version = row.Int(0);
        return absl::OkStatus();
      }));
  return version;
}

// Proves that the key is the one under which the store was made, before
// anything is written under another.
absl::Status CheckKey(Connection& db) {
  std::string proof;
  WS_RETURN_IF_ERROR(db.Query("SELECT proof FROM store_key", {}, [&](const Row& row) {
    proof = row.Bytes(0);
    return absl::OkStatus();
  }));
  if (proof.empty()) {
    WS_ASSIGN_OR_RETURN(std::string sealed, db.Seal("store_key.proof", "1", kKeyProof));
    return db.Exec("INSERT INTO store_key(id, proof) VALUES(1, ?)", {Blob{sealed}}).status();
  }
  if (db.Open("store_key.proof", "1", proof).ok()) return absl::OkStatus();
  return Refusal(absl::StatusCode::kFailedPrecondition, "STORE_KEY_WRONG",
                 Problem("store", "the store key is not the one of this database", "",
                         "the key file that it was made with"));
}

absl::Status MigrateOne(Connection& db, const Schema& schema) {
  WS_ASSIGN_OR_RETURN(int64_t version, VersionOf(db, schema.name));
  int64_t newest = static_cast<int64_t>(schema.steps.size());
  if (version > newest) {
    return Refusal(absl::StatusCode::kFailedPrecondition, "STORE_TOO_NEW",
                   Problem("store", absl::StrCat("schema ", Absl(schema.name), " is newer"),
                           absl::StrCat(version), absl::StrCat("at most ", newest)));
  }
  for (int64_t step = version; step < newest; ++step) {
    WS_RETURN_IF_ERROR(db.ExecScript(schema.steps[static_cast<size_t>(step)]));
  }
  return db
      .Exec(
          "INSERT INTO store_schema(name, version) VALUES(?, ?) "
          "ON CONFLICT(name) DO UPDATE SET version = excluded.version",
          {schema.name, newest})
      .status();
}

absl::Status Migrate(Connection& db, const std::vector<Schema>& schemas) {
  WS_RETURN_IF_ERROR(db.ExecScript(kBaseSchema));
  WS_RETURN_IF_ERROR(CheckKey(db));
  for (const Schema& schema : schemas) WS_RETURN_IF_ERROR(MigrateOne(db, schema));
  return absl::OkStatus();
}

// Makes the file readable by its owner only; SQLite gives its log the same mode.
absl::Status TouchPrivately(const std::string& path) {
  int file = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (file < 0) {
    return absl::UnavailableError(Problem("store", "cannot open the file", Quoted(path)));
  }
  ::close(file);
  return absl::OkStatus();
}

}  // namespace

// Keeps a second process away: two services on one store would each believe
// that they alone sign for the agency.
class Store::FileLock {
 public:
  static absl::StatusOr<std::unique_ptr<FileLock>> Take(const std::string& path) {
    int file = ::open((path + ".lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (file < 0) {
      return absl::UnavailableError(Problem("store", "cannot open the lock file", Quoted(path)));
    }
    auto lock = std::make_unique<FileLock>(file);
    if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
      return Refusal(absl::StatusCode::kFailedPrecondition, "STORE_LOCKED",
                     Problem("store", "another process has it open", Quoted(path)));
    }
    return lock;
  }

  explicit FileLock(int file) : file_(file) {}
  ~FileLock() { ::close(file_); }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  const int file_;
};

Store::Store(Options options) : options_(std::move(options)) {}
Store::~Store() = default;

absl::StatusOr<std::unique_ptr<Store>> Store::Open(Options options,
                                                   const std::vector<Schema>& schemas) {
  std::unique_ptr<Store> store(new Store(std::move(options)));
  WS_RETURN_IF_ERROR(store->OpenFiles());
  WS_RETURN_IF_ERROR(store->Write(
      [&](Transaction& tx) { return Migrate(static_cast<Connection&>(tx), schemas); }));
  return store;
}

absl::Status Store::OpenFiles() {
  WS_RETURN_IF_ERROR(TouchPrivately(options_.path));
  WS_ASSIGN_OR_RETURN(lock_, FileLock::Take(options_.path));
  std::scoped_lock lock(write_mutex_, read_mutex_);
  WS_ASSIGN_OR_RETURN(writer_,
                      Connection::Open(options_.path, Connection::Mode::kWrite, options_.key));
  WS_ASSIGN_OR_RETURN(reader_,
                      Connection::Open(options_.path, Connection::Mode::kRead, options_.key));
  return absl::OkStatus();
}

absl::Status Store::Write(const std::function<absl::Status(Transaction&)>& body) {
  std::lock_guard<std::mutex> lock(write_mutex_);
  return writer_->InTransaction([&] { return body(*writer_); });
}

absl::Status Store::Read(const std::function<absl::Status(Transaction&)>& body) {
  std::lock_guard<std::mutex> lock(read_mutex_);
  return reader_->InTransaction([&] { return body(*reader_); });
}

}  // namespace waystation::agency
