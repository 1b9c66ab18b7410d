#ifndef WAYSTATION_TOOLS_WAYSTATION_AUDIT_SOURCE_H_
#define WAYSTATION_TOOLS_WAYSTATION_AUDIT_SOURCE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/crypto/trust.h"
#include "common/evidence/directory.h"
#include "common/handoffs/compare.h"
#include "common/handoffs/signature_judge.h"
#include "tools/waystation/connect.h"

namespace waystation::cli {

// What the auditor may see of a bus: the record from the broker, and each
// agency's index from the agency. Nothing is believed: signatures are judged by
// the profile's own roots.
//
//   WS_ASSIGN_OR_RETURN(AuditSource source, AuditSource::Open(session, profile));
//   WS_RETURN_IF_ERROR(source.ReadRecords([&](const std::string& bytes) { ... }));
//   WS_ASSIGN_OR_RETURN(auto indexes, source.ReadIndexes());
//
// Single-threaded: the command.
class AuditSource {
 public:
  // Errors: of ConnectAsAuditor; of the directory's call; INVALID_ARGUMENT a
  // directory that cannot be read.
  static absl::StatusOr<AuditSource> Open(const Session& session, const Profile& profile);

  // Gives `each` every record that it has not given before, as its bytes, up to
  // the present end. Errors: of the call; of `each`.
  absl::Status ReadRecords(const std::function<absl::Status(const std::string& bytes)>& each);

  // The index of every agency of the profile and of the auditor, who gets and sends
  // memos, verified page by page. Errors:
  // of the calls, naming the agency; FAILED_PRECONDITION (exit code 6) a page
  // that its agency did not sign, or with a certificate that is not good.
  absl::StatusOr<std::vector<handoffs::AgencyIndex>> ReadIndexes();

  // Judges by the directory of the start.
  handoffs::SignatureJudge& judge() { return *judge_; }
  const std::shared_ptr<const evidence::DirectoryView>& directory() const { return directory_; }
  const crypto::TrustStore& trust() const { return trust_; }

 private:
  AuditSource(const Session& session, const Profile& profile, Remote broker,
              std::shared_ptr<const evidence::DirectoryView> directory, crypto::TrustStore trust);

  absl::StatusOr<bool> ReadSome(const std::function<absl::Status(const std::string&)>& each);
  absl::StatusOr<handoffs::AgencyIndex> ReadIndex(const std::string& name,
                                                  const v1::Endpoint& endpoint);
  absl::StatusOr<Remote> PartyAt(const std::string& name, const v1::Endpoint& endpoint);

  const Session* session_;
  Profile profile_;
  Remote broker_;
  std::shared_ptr<const evidence::DirectoryView> directory_;
  crypto::TrustStore trust_;
  std::unique_ptr<handoffs::SignatureJudge> judge_;
  std::map<std::string, Remote> parties_;
  uint64_t next_sequence_ = 1;
  absl::Time last_time_ = absl::InfinitePast();
};

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_AUDIT_SOURCE_H_
