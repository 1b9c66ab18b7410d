#include "common/agency/identity_text.h"

#include "common/status/status.h"

namespace waystation::agency {
namespace {

constexpr std::string_view kScheme = "spiffe://";
constexpr std::string_view kAgency = "/agency/";
constexpr std::string_view kStaff = "/staff/";

bool Starts(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

}  // namespace

std::string AgencyOf(std::string_view identity) {
  if (!Starts(identity, kScheme)) return "";
  size_t path = identity.find('/', kScheme.size());
  if (path == std::string_view::npos || !Starts(identity.substr(path), kAgency)) return "";
  std::string_view agency = identity.substr(path + kAgency.size());
  if (agency.find('/') != std::string_view::npos) return "";
  return std::string(agency);
}

std::string AgencyIdentity(std::string_view trust_domain, std::string_view agency) {
  return absl::StrCat(Absl(kScheme), Absl(trust_domain), Absl(kAgency), Absl(agency));
}

std::string AuditorIdentity(std::string_view trust_domain) {
  return absl::StrCat(Absl(kScheme), Absl(trust_domain), "/auditor");
}

std::string StaffOf(std::string_view identity, std::string_view agency_identity) {
  std::string prefix = absl::StrCat(Absl(agency_identity), Absl(kStaff));
  if (!Starts(identity, prefix)) return "";
  std::string_view staff = identity.substr(prefix.size());
  if (staff.find('/') != std::string_view::npos) return "";
  return std::string(staff);
}

}  // namespace waystation::agency
