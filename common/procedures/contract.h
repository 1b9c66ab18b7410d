#ifndef WAYSTATION_COMMON_PROCEDURES_CONTRACT_H_
#define WAYSTATION_COMMON_PROCEDURES_CONTRACT_H_

#include <functional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/civil_time.h"
#include "google/protobuf/message.h"
#include "waystation/referral/v1/consent.pb.h"

namespace waystation::procedures {

// What both sides know of one kind of referral: the bodies, who may be asked, by
// when, and the form of what is said. It is data; the rules that one agency alone
// has are its `casework::Procedure`.
//
//   const Contract& Services() {
//     static const Contract contract = MakeContract<ServicesReferral, ServicesOutcome>(
//         {"services", {"dol/eta"}, ...}, CheckReferral, CheckOutcome);
//     return contract;
//   }
//
// Immutable. Thread-safe.
struct Contract {
  struct Terms {
    std::string_view name;  // For people, e.g. "services".
    // That take it, of one agency: "dol/eta". None: any unit of any agency takes it,
    // and only a rule sends it, never an officer by hand.
    std::vector<std::string_view> units;
    bool two_officials = false;       // Whether an answer needs a second one.
    int due_business_days = 0;        // 0: no time is set.
    std::string_view due_basis = {};  // Policy version behind it.
    // What a consent must cover; unspecified: the procedure takes no consent.
    referral::v1::ConsentPurpose purpose = referral::v1::CONSENT_PURPOSE_UNSPECIFIED;
    // Whether it tells what a person receives or says in services (POLICY-IR-2).
    bool service_content = false;
  };

  Terms terms;
  const google::protobuf::Message* request;  // Prototypes: null bodies of the types.
  const google::protobuf::Message* answer;
  // Form only, no law. Errors: INVALID_ARGUMENT.
  std::function<absl::Status(const google::protobuf::Message& request, absl::CivilDay today)>
      check_request;
  std::function<absl::Status(const google::protobuf::Message& request,
                             const google::protobuf::Message& answer, absl::CivilDay today)>
      check_answer;
};

// The same with the types of one procedure. `check_request(const Request&, CivilDay)` and
// `check_answer(const Request&, const Answer&, CivilDay)` return absl::Status.
template <typename Request, typename Answer, typename CheckRequest, typename CheckAnswer>
Contract MakeContract(Contract::Terms terms, CheckRequest check_request, CheckAnswer check_answer) {
  Contract contract;
  contract.terms = std::move(terms);
  contract.request = &Request::default_instance();
  contract.answer = &Answer::default_instance();
  contract.check_request = [check_request](const google::protobuf::Message& request,
                                           absl::CivilDay today) {
    return check_request(static_cast<const Request&>(request), today);
  };
  contract.check_answer = [check_answer](const google::protobuf::Message& request,
                                         const google::protobuf::Message& answer,
                                         absl::CivilDay today) {
    return check_answer(static_cast<const Request&>(request), static_cast<const Answer&>(answer),
                        today);
  };
  return contract;
}

// The agency that is asked: "dol" of "dol/eta". Empty when any is.
inline std::string_view TargetOf(const Contract& contract) {
  if (contract.terms.units.empty()) return {};
  return contract.terms.units.front().substr(0, contract.terms.units.front().find('/'));
}

}  // namespace waystation::procedures

#endif  // WAYSTATION_COMMON_PROCEDURES_CONTRACT_H_
