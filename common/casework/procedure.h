#ifndef WAYSTATION_COMMON_CASEWORK_PROCEDURE_H_
#define WAYSTATION_COMMON_CASEWORK_PROCEDURE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/agency/case.h"
#include "common/procedures/contract.h"
#include "common/statute/citation.h"
#include "google/protobuf/message.h"
#include "waystation/casework/v1/casework.pb.h"

namespace waystation::casework {

using procedures::Contract;

// A referral as a procedure's rules see it.
struct Case {
  const v1::Referral& referral;  // Without body, state and version.
  std::string_view other;        // Identity of the other agency.
  const google::protobuf::Message& request;

  const std::string& id() const { return referral.referral_id(); }
  const std::string& person() const { return referral.person(); }
};

// `Body<ServicesReferral>(one.request)`; the type is the contract's.
template <typename T>
const T& Body(const google::protobuf::Message& message) {
  return static_cast<const T&>(message);
}

// How one agency plays its part in one kind of referral. As it stands it takes
// and sends whatever has the contract's form; an agency overrides what it has
// rules for.
//
// Each function is called inside the transaction of the step: what it writes
// through `tx` is kept with the step, and an error undoes both.
// Thread-compatible; immutable once the service runs.
class Procedure {
 public:
  // `contract` outlives the procedure.
  explicit Procedure(const Contract& contract) : contract_(contract) {}
  virtual ~Procedure() = default;

  const Contract& contract() const { return contract_; }

  // Units of ours, besides the one that has the referral, that see its content.
  virtual std::vector<std::string> also_seen_by() const { return {}; }

  // -- We ask. --

  // Rules against sending, e.g. a record that must be there first. The law on
  // what the target may take is the target's. Errors: go to the officer.
  virtual absl::Status CheckOpen(const Case&, agency::Tx&) const { return absl::OkStatus(); }
  // The target answered, returned, or it ended otherwise (`answer` null).
  virtual absl::Status OnEnded(const Case&, const google::protobuf::Message* /*answer*/,
                               agency::Tx&) const {
    return absl::OkStatus();
  }

  // -- We are asked. --

  // Rules that no fact of the case can mend: the request goes back at once with
  // the first one's citation.
  virtual absl::StatusOr<std::vector<statute::Broken>> Bars(const Case&, agency::Tx&) const {
    return std::vector<statute::Broken>();
  }
  // A request came and stays: file it, or answer it by rule (`AnswerByRule`).
  virtual absl::Status OnRequest(const Case&, agency::Tx&) const { return absl::OkStatus(); }
  // Rules that stand against taking it up now; shown to the officer, who returns it.
  virtual absl::StatusOr<std::vector<statute::Broken>> Objections(const Case&, agency::Tx&) const {
    return std::vector<statute::Broken>();
  }
  // Rules on an answer, asked when it is proposed and again when it goes out.
  virtual absl::Status CheckAnswer(const Case&, const google::protobuf::Message& /*answer*/,
                                   agency::Tx&) const {
    return absl::OkStatus();
  }
  // Our answer goes out: make true what it says.
  virtual absl::Status OnAnswering(const Case&, const google::protobuf::Message& /*answer*/,
                                   agency::Tx&) const {
    return absl::OkStatus();
  }
  // The bus refused that answer: undo it.
  virtual absl::Status OnAnswerRefused(const Case&, const google::protobuf::Message& /*answer*/,
                                       agency::Tx&) const {
    return absl::OkStatus();
  }

 private:
  const Contract& contract_;
};

}  // namespace waystation::casework

#endif  // WAYSTATION_COMMON_CASEWORK_PROCEDURE_H_
