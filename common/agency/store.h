#ifndef WAYSTATION_COMMON_AGENCY_STORE_H_
#define WAYSTATION_COMMON_AGENCY_STORE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/crypto/aead.h"

namespace waystation::agency {

class Connection;

// A parameter of a statement. Borrows its bytes: use it only inside the call.
struct Blob {
  std::string_view bytes;
};
using Value = std::variant<std::monostate, int64_t, std::string_view, Blob>;

// One row of a result, valid inside the callback that gets it. Columns count
// from 0; NULL reads as 0 and "".
class Row {
 public:
  virtual ~Row() = default;
  virtual bool IsNull(int column) const = 0;
  virtual int64_t Int(int column) const = 0;
  // Text or blob, copied.
  virtual std::string Bytes(int column) const = 0;
};

// A transaction on the store, made by `Store::Write` and `Store::Read`.
//
//   WS_ASSIGN_OR_RETURN(std::string sealed, tx.Seal("intake.content", handle, bytes));
//   WS_RETURN_IF_ERROR(tx.Exec("INSERT INTO intake(handle, content) VALUES(?, ?)",
//                              {handle, Blob{sealed}}));
//
// Everything about a person goes through `Seal`: what is not sealed stands on
// the disk in clear. Errors of every function: ALREADY_EXISTS a uniqueness rule;
// FAILED_PRECONDITION another constraint; DATA_LOSS the file is damaged;
// RESOURCE_EXHAUSTED the disk is full; INTERNAL a statement is wrong.
//
// Single-threaded: the function that got it.
class Transaction {
 public:
  virtual ~Transaction() = default;

  // Runs one statement that gives no rows. Returns how many rows it changed.
  virtual absl::StatusOr<int64_t> Exec(std::string_view sql,
                                       const std::vector<Value>& values = {}) = 0;
  // Calls `each` for every row; its first error ends the query and is returned.
  virtual absl::Status Query(std::string_view sql, const std::vector<Value>& values,
                             const std::function<absl::Status(const Row&)>& each) = 0;

  // Runs `body`; when it fails, undoes what it did and returns its error. The
  // transaction goes on either way.
  virtual absl::Status Savepoint(const std::function<absl::Status()>& body) = 0;

  // Encrypts for one place: `column` is "table.column", `row` the row's key. A
  // sealed value opens in no other place.
  virtual absl::StatusOr<std::string> Seal(std::string_view column, std::string_view row,
                                           std::string_view plaintext) const = 0;
  // Errors: DATA_LOSS altered, moved, or sealed under another key.
  virtual absl::StatusOr<std::string> Open(std::string_view column, std::string_view row,
                                           std::string_view sealed) const = 0;
};

// One step of a schema. Steps are numbered by their place, from 1; a released
// step never changes, a new one is added behind it.
struct Schema {
  std::string_view name;  // "agency", "doj"; the owner of the steps.
  std::vector<std::string_view> steps;
};

// An agency's database: SQLite with write-ahead log, synchronous=FULL, foreign
// keys. Its content is sealed column by column under the agency's store key.
//
//   WS_ASSIGN_OR_RETURN(auto store, Store::Open({path, key}, {schema}));
//   WS_RETURN_IF_ERROR(store->Write([&](Transaction& tx) { return Save(tx); }));
//
// A `Write` that has returned OK is on disk. Writes are one at a time, in the
// order in which they get their turn; a read sees every write that ended before
// it began. One process at a time may have a store open.
// Thread-safe.
class Store {
 public:
  struct Options {
    std::string path;
    crypto::AeadKey key;
  };

  // Opens or makes the store and brings each schema up to date.
  // Errors: FAILED_PRECONDITION (STORE_KEY_WRONG) sealed under another key;
  // (STORE_TOO_NEW) made by a later release; (STORE_LOCKED) another process has
  // it; DATA_LOSS not a database, or damaged; UNAVAILABLE cannot be opened.
  static absl::StatusOr<std::unique_ptr<Store>> Open(Options options,
                                                     const std::vector<Schema>& schemas);
  ~Store();

  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // Runs `body` in one transaction: commits when it returns OK, else rolls back
  // and returns its error. `body` must not call the store.
  absl::Status Write(const std::function<absl::Status(Transaction&)>& body);

  // Runs `body` on one snapshot. It cannot change anything.
  absl::Status Read(const std::function<absl::Status(Transaction&)>& body);

 private:
  class FileLock;

  explicit Store(Options options);
  absl::Status OpenFiles();

  const Options options_;
  std::unique_ptr<FileLock> lock_;
  std::mutex write_mutex_;
  std::unique_ptr<Connection> writer_ ABSL_GUARDED_BY(write_mutex_);
  std::mutex read_mutex_;
  std::unique_ptr<Connection> reader_ ABSL_GUARDED_BY(read_mutex_);
};

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_STORE_H_
