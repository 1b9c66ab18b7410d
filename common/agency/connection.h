#ifndef WAYSTATION_COMMON_AGENCY_CONNECTION_H_
#define WAYSTATION_COMMON_AGENCY_CONNECTION_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/agency/store.h"
#include "common/crypto/aead.h"

namespace SQLite {
class Database;
}

namespace waystation::agency {

// One connection to the database file: the border at which SQLiteCpp's
// exceptions become Statuses. Private to the store.
//
// Thread-compatible.
class Connection : public Transaction {
 public:
  enum class Mode { kWrite, kRead };

  // Opens the file and proves that SQLite took every setting.
  // Errors: DATA_LOSS not a database, or damaged; FAILED_PRECONDITION a setting
  // is not available; UNAVAILABLE the file cannot be opened.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const std::string& path, Mode mode,
                                                          const crypto::AeadKey& key);
  ~Connection() override;

  absl::StatusOr<int64_t> Exec(std::string_view sql,
                               const std::vector<Value>& values = {}) override;
  absl::Status Query(std::string_view sql, const std::vector<Value>& values,
                     const std::function<absl::Status(const Row&)>& each) override;
  absl::Status Savepoint(const std::function<absl::Status()>& body) override;
  absl::StatusOr<std::string> Seal(std::string_view column, std::string_view row,
                                   std::string_view plaintext) const override;
  absl::StatusOr<std::string> Open(std::string_view column, std::string_view row,
                                   std::string_view sealed) const override;

  // Runs several statements without parameters or results.
  absl::Status ExecScript(std::string_view sql);

  // Runs `body` between BEGIN and COMMIT. A disk that fails while committing
  // ends the process: what it holds is no longer known.
  absl::Status InTransaction(const std::function<absl::Status()>& body);

 private:
  Connection(std::unique_ptr<SQLite::Database> database, Mode mode, const crypto::AeadKey& key);
  absl::Status Configure();
  absl::Status Expect(std::string_view pragma, std::string_view want);
  absl::Status Commit();
  void Undo(std::string_view sql);

  std::unique_ptr<SQLite::Database> database_;
  const Mode mode_;
  const crypto::AeadKey key_;
  int savepoint_depth_ = 0;
};

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_CONNECTION_H_
