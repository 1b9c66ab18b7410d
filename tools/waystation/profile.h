#ifndef WAYSTATION_TOOLS_WAYSTATION_PROFILE_H_
#define WAYSTATION_TOOLS_WAYSTATION_PROFILE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "tools/waystation/profile.pb.h"

namespace waystation::cli {

// A profile as read from its file, with every path made absolute.
//
//   WS_ASSIGN_OR_RETURN(Profile profile, Profile::Load(FindProfilePath(flag)));
//   WS_ASSIGN_OR_RETURN(const v1::Staff* officer, profile.StaffOf("ins", as));
//
// Thread-compatible.
class Profile {
 public:
  // Errors: FAILED_PRECONDITION there is no such file; INVALID_ARGUMENT it is
  // malformed or a required field is missing.
  static absl::StatusOr<Profile> Load(const std::string& path);

  const v1::Profile& data() const { return data_; }
  const std::string& path() const { return path_; }

  // The agency's service. Errors: NOT_FOUND the profile has none of that name.
  absl::StatusOr<v1::Agency> AgencyNamed(std::string_view name) const;

  // The officer `staff_id`; when that is empty, the first of `agency`, or of
  // any agency when that is empty too. Errors: NOT_FOUND no such officer, or
  // none of that agency; INVALID_ARGUMENT the officer is of another agency.
  absl::StatusOr<v1::Staff> StaffOf(std::string_view agency, std::string_view staff_id) const;

 private:
  Profile(v1::Profile data, std::string path) : data_(std::move(data)), path_(std::move(path)) {}

  v1::Profile data_;
  std::string path_;
};

// Where the profile is: `flag`, else $WAYSTATION_PROFILE, else the one that
// `waystation dev` writes.
std::string FindProfilePath(const std::string& flag);

// ${XDG_STATE_HOME:-$HOME/.local/state}/waystation/dev, where `dev` keeps the
// profile of the bus that it runs.
std::string DevStateDir();

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_PROFILE_H_
