#include "tools/waystation/dev_agencies.h"

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "common/config/text_proto.h"
#include "common/status/status.h"
#include "tools/waystation/exit_code.h"

namespace waystation::cli {
namespace {

constexpr std::string_view kPath = "/agency/";
constexpr size_t kNameBytesMax = 32;
// Folders of a bus that are no agency's.
constexpr std::string_view kTaken[] = {"broker", "log", "pki"};

// Who petitions is decided by federal_lea: only a federal law enforcement agency
// may ask for continued presence (28 CFR 1100.35).
constexpr std::string_view kAgencies = R"pb(
  agencies {
    identity {
      identity: "/agency/doj"
      display_name: "Department of Justice"
      units {
        name: "doj/fbi"
        display_name: "Federal Bureau of Investigation"
        attributes: "federal_lea"
      }
      units {
        name: "doj/us-attorneys"
        display_name: "United States Attorneys"
        attributes: "federal_lea"
      }
      units { name: "doj/ovc" display_name: "Office for Victims of Crime" }
      units { name: "doj/worker-exploitation" display_name: "Worker Exploitation Task Force" }
      units { name: "doj/attorney-general" display_name: "Office of the Attorney General" }
    }
    staff {
      office: "Federal Bureau of Investigation"
      title: "Special Agent"
      staff_id: "agent-1101"
      unit: "doj/fbi"
    }
    staff {
      office: "Federal Bureau of Investigation"
      title: "Supervisory Special Agent"
      staff_id: "agent-1102"
      unit: "doj/fbi"
    }
    staff {
      office: "Office for Victims of Crime"
      title: "Program Specialist"
      staff_id: "ovc-1201"
      unit: "doj/ovc"
    }
    staff {
      office: "United States Attorney's Office"
      title: "Assistant United States Attorney"
      staff_id: "usa-1301"
      unit: "doj/us-attorneys"
    }
    staff {
      office: "Worker Exploitation Task Force"
      title: "Trial Attorney"
      staff_id: "worker-1401"
      unit: "doj/worker-exploitation"
    }
    staff {
      office: "Office of the Attorney General"
      title: "Counsel to the Attorney General"
      staff_id: "ag-1501"
      unit: "doj/attorney-general"
    }
  }
  agencies {
    identity {
      identity: "/agency/ins"
      display_name: "Immigration and Naturalization Service"
      units { name: "ins/vermont-service-center" display_name: "Vermont Service Center" }
      units { name: "ins/investigations" display_name: "Investigations" attributes: "federal_lea" }
    }
    staff {
      office: "Vermont Service Center"
      title: "Adjudications Officer"
      staff_id: "adjudicator-2101"
      unit: "ins/vermont-service-center"
    }
    staff {
      office: "Vermont Service Center"
      title: "Adjudications Officer"
      staff_id: "adjudicator-2102"
      unit: "ins/vermont-service-center"
    }
    staff {
      office: "Vermont Service Center"
      title: "Supervisory Adjudications Officer"
      staff_id: "supervisor-2103"
      unit: "ins/vermont-service-center"
    }
    staff {
      office: "Investigations"
      title: "Special Agent"
      staff_id: "investigator-2201"
      unit: "ins/investigations"
    }
  }
  agencies {
    identity {
      identity: "/agency/hhs"
      display_name: "Department of Health and Human Services"
      units { name: "hhs/orr" display_name: "Office of Refugee Resettlement" }
    }
    staff {
      office: "Office of Refugee Resettlement"
      title: "Trafficking Program Specialist"
      staff_id: "orr-3101"
      unit: "hhs/orr"
    }
    staff {
      office: "Office of Refugee Resettlement"
      title: "Director of the Trafficking Program"
      staff_id: "orr-3102"
      unit: "hhs/orr"
    }
  }
  agencies {
    identity {
      identity: "/agency/dol"
      display_name: "Department of Labor"
      units { name: "dol/complaint-line" display_name: "Worker Exploitation Complaint Line" }
      units { name: "dol/eta" display_name: "Employment and Training Administration" }
    }
    staff {
      office: "Worker Exploitation Complaint Line"
      title: "Line Officer"
      staff_id: "line-4101"
      unit: "dol/complaint-line"
    }
    staff {
      office: "Worker Exploitation Complaint Line"
      title: "Line Officer"
      staff_id: "line-4102"
      unit: "dol/complaint-line"
    }
    staff {
      office: "Employment and Training Administration"
      title: "One-Stop Coordinator"
      staff_id: "eta-4201"
      unit: "dol/eta"
    }
  }
  agencies {
    identity {
      identity: "/agency/dos"
      display_name: "Department of State"
      units {
        name: "dos/diplomatic-security"
        display_name: "Bureau of Diplomatic Security"
        attributes: "federal_lea"
      }
      units { name: "dos/consular" display_name: "Consular posts" }
      units { name: "dos/prm" display_name: "Bureau of Population, Refugees, and Migration" }
    }
    staff {
      office: "Consular Section"
      title: "Consular Officer"
      staff_id: "consul-5101"
      unit: "dos/consular"
    }
    staff {
      office: "Bureau of Diplomatic Security"
      title: "Special Agent"
      staff_id: "agent-5201"
      unit: "dos/diplomatic-security"
    }
    staff {
      office: "Bureau of Population, Refugees, and Migration"
      title: "Program Officer"
      staff_id: "prm-5301"
      unit: "dos/prm"
    }
    staff {
      office: "Bureau of Population, Refugees, and Migration"
      title: "Deputy Director"
      staff_id: "prm-5302"
      unit: "dos/prm"
    }
  }
  agencies {
    identity {
      identity: "/agency/usaid"
      display_name: "Agency for International Development"
      units { name: "usaid/missions" display_name: "Missions" }
    }
    staff {
      office: "Missions"
      title: "Program Officer"
      staff_id: "mission-6101"
      unit: "usaid/missions"
    }
  }
)pb";

bool IsToken(std::string_view text) {
  return !text.empty() && text.size() <= kNameBytesMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

absl::Status Wrong(const std::string& path, std::string_view problem, std::string_view got,
                   std::string_view want) {
  return UsageError(Problem(path, problem, Quoted(got), want));
}

absl::Status CheckIdentity(const std::string& path, const v1::DevAgency& agency) {
  const std::string name = NameOf(agency);
  if (!IsToken(name)) {
    return Wrong(path, "identity names no agency", agency.identity().identity(),
                 "/agency/<name>, the name 1 to 32 of [a-z0-9-]");
  }
  if (std::find(std::begin(kTaken), std::end(kTaken), name) != std::end(kTaken)) {
    return Wrong(path, "name is taken", name, "a name that is no part of the bus");
  }
  if (!agency.identity().certificates().empty()) {
    return Wrong(path, "certificates given", name, "none: the bus issues them");
  }
  if (agency.identity().units().empty()) return Wrong(path, "no units", name, "at least one");
  for (const bus::v1::Unit& unit : agency.identity().units()) {
    if (unit.name().starts_with(name + "/")) continue;
    return Wrong(path, "unit is not the agency's", unit.name(), name + "/<unit>");
  }
  return absl::OkStatus();
}

absl::Status CheckStaff(const std::string& path, const v1::DevAgency& agency) {
  if (agency.staff().empty()) return Wrong(path, "no staff", NameOf(agency), "at least one");
  const auto& units = agency.identity().units();
  for (const types::v1::ActingOfficial& staff : agency.staff()) {
    if (!IsToken(staff.staff_id())) {
      return Wrong(path, "staff_id is no number", staff.staff_id(), "1 to 32 of [a-z0-9-]");
    }
    if (staff.office().empty() || staff.title().empty()) {
      return Wrong(path, "office or title missing", staff.staff_id(), "both");
    }
    if (std::any_of(units.begin(), units.end(),
                    [&](const bus::v1::Unit& unit) { return unit.name() == staff.unit(); })) {
      continue;
    }
    return Wrong(path, "staff is of no unit of the agency", staff.unit(), "one of its units");
  }
  return absl::OkStatus();
}

}  // namespace

const std::vector<v1::DevAgency>& DevAgencies() {
  static const auto& agencies = *[] {
    v1::DevAgencies list;
    WS_CHECK(config::ParseTextProto(kAgencies, "agencies of the dev bus", &list).ok());
    return new std::vector<v1::DevAgency>(list.agencies().begin(), list.agencies().end());
  }();
  return agencies;
}

std::vector<v1::DevAgency> DevAgenciesNamed(const std::vector<std::string>& names) {
  std::vector<v1::DevAgency> named;
  for (const std::string& name : names) {
    auto found = std::find_if(DevAgencies().begin(), DevAgencies().end(),
                              [&](const v1::DevAgency& one) { return NameOf(one) == name; });
    WS_CHECK(found != DevAgencies().end());
    named.push_back(*found);
  }
  return named;
}

std::string NameOf(const v1::DevAgency& agency) {
  const std::string& path = agency.identity().identity();
  return path.starts_with(kPath) ? path.substr(kPath.size()) : std::string();
}

absl::StatusOr<v1::DevAgency> LoadDevAgency(const std::string& path) {
  v1::DevAgency agency;
  absl::Status read = config::LoadTextProto(path, &agency);
  if (!read.ok()) return UsageError(std::string(read.message()));
  WS_RETURN_IF_ERROR(CheckIdentity(path, agency));
  WS_RETURN_IF_ERROR(CheckStaff(path, agency));
  if (!agency.program().empty()) {
    const auto folder = std::filesystem::absolute(path).parent_path();
    agency.set_program((folder / agency.program()).lexically_normal().string());
  }
  return agency;
}

absl::Status AddDevAgency(const v1::DevAgency& agency, std::vector<v1::DevAgency>* agencies) {
  const std::string name = NameOf(agency);
  for (const v1::DevAgency& other : *agencies) {
    if (NameOf(other) == name) {
      return Wrong("agency", "on the bus already", name, "another name");
    }
    for (const DevOfficer& officer : OfficersOf({other})) {
      for (const DevOfficer& ours : OfficersOf({agency})) {
        if (ours.staff_id != officer.staff_id) continue;
        return Wrong(absl::StrCat("staff of ", name), "number is taken", ours.staff_id,
                     absl::StrCat("a number that ", officer.agency, " has not"));
      }
    }
  }
  agencies->push_back(agency);
  return absl::OkStatus();
}

std::vector<DevOfficer> OfficersOf(const std::vector<v1::DevAgency>& agencies) {
  std::vector<DevOfficer> officers;
  for (const v1::DevAgency& agency : agencies) {
    for (const types::v1::ActingOfficial& staff : agency.staff()) {
      officers.push_back(
          {NameOf(agency), staff.staff_id(), staff.unit(), staff.office(), staff.title()});
    }
  }
  return officers;
}

}  // namespace waystation::cli
