#ifndef WAYSTATION_TOOLS_WAYSTATION_DEV_AGENCIES_H_
#define WAYSTATION_TOOLS_WAYSTATION_DEV_AGENCIES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/waystation/dev_agency.pb.h"

// Who is on a development bus: the one list of its agencies, from which come
// directory, policy, certificates, configurations and profile. Thread-safe
// functions.

namespace waystation::cli {

// The six agencies that have a service here, in the order of the profile.
const std::vector<v1::DevAgency>& DevAgencies();

// Those of them that are named. Ends the program when one is unknown: for tests.
std::vector<v1::DevAgency> DevAgenciesNamed(const std::vector<std::string>& names);

// "ins" of "/agency/ins".
std::string NameOf(const v1::DevAgency& agency);

// Reads another agency from a text-proto; its program's path is made absolute.
// Errors: INVALID_ARGUMENT (usage) naming the file and what is wrong in it.
absl::StatusOr<v1::DevAgency> LoadDevAgency(const std::string& path);

// Appends `agency`. Errors: INVALID_ARGUMENT (usage) its name or the number of
// one of its staff is taken.
absl::Status AddDevAgency(const v1::DevAgency& agency, std::vector<v1::DevAgency>* agencies);

// An invented officer of a development bus.
struct DevOfficer {
  std::string agency;
  std::string staff_id;
  std::string unit;
  std::string office;
  std::string title;
};

// The officers of all `agencies`, in their order.
std::vector<DevOfficer> OfficersOf(const std::vector<v1::DevAgency>& agencies);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_DEV_AGENCIES_H_
