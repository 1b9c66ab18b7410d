#ifndef WAYSTATION_COMMON_CASEWORK_PROCEDURES_H_
#define WAYSTATION_COMMON_CASEWORK_PROCEDURES_H_

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/casework/procedure.h"
#include "common/casework/record.pb.h"
#include "google/protobuf/any.pb.h"

namespace waystation::casework {

// The procedures of one agency, found by name or by the body that opens them.
//
// Immutable. Thread-safe.
class Procedures {
 public:
  using List = std::vector<std::unique_ptr<Procedure>>;

  // `agency`: ours, e.g. "hhs". What every agency takes is added to the list.
  Procedures(std::string agency, List list);

  const std::string& agency() const { return agency_; }

  // Null when there is none.
  const Procedure* ByName(std::string_view name) const;
  const Procedure* ByRequest(const google::protobuf::Any& body) const;
  // Whether we are the one that is asked.
  bool WeTake(const Procedure& procedure) const;

 private:
  std::string agency_;
  List list_;
};

// A body of the prototype's type. Errors: INVALID_ARGUMENT (FIELD_INVALID)
// another type, bytes that cannot be read, or fields that nobody here knows.
absl::StatusOr<std::unique_ptr<google::protobuf::Message>> Unpack(
    const google::protobuf::Any& body, const google::protobuf::Message& prototype);

// A stored referral with its body unpacked, for the rules.
struct OpenedCase {
  std::unique_ptr<google::protobuf::Message> request;
  Case view;
};
absl::StatusOr<OpenedCase> Open(const record::StoredReferral& stored, const Contract& contract);

}  // namespace waystation::casework

#endif  // WAYSTATION_COMMON_CASEWORK_PROCEDURES_H_
