#include "tools/waystation/dev_genesis.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/config/text_proto.h"
#include "common/status/status.h"

namespace waystation::cli {
namespace {

using bus::v1::CertificateUse;

// A change of the directory or the policy takes two administrators.
constexpr size_t kPinnedAdmins = 2;

// Every agency that a development bus can have. Who petitions is decided by
// federal_lea: only a federal law enforcement agency may ask for continued
// presence (28 CFR 1100.35).
constexpr std::string_view kDirectory = R"pb(
  version: 1
  identities {
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
  identities {
    identity: "/agency/ins"
    display_name: "Immigration and Naturalization Service"
    units { name: "ins/vermont-service-center" display_name: "Vermont Service Center" }
    units { name: "ins/investigations" display_name: "Investigations" attributes: "federal_lea" }
  }
  identities {
    identity: "/agency/hhs"
    display_name: "Department of Health and Human Services"
    units { name: "hhs/orr" display_name: "Office of Refugee Resettlement" }
  }
  identities {
    identity: "/agency/dol"
    display_name: "Department of Labor"
    units { name: "dol/complaint-line" display_name: "Worker Exploitation Complaint Line" }
    units { name: "dol/eta" display_name: "Employment and Training Administration" }
  }
  identities {
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
  identities {
    identity: "/agency/usaid"
    display_name: "Agency for International Development"
    units { name: "usaid/missions" display_name: "Missions" }
  }
  identities { identity: "/auditor" display_name: "Auditor" }
  identities { identity: "/broker/1" display_name: "Broker" }
  identities { identity: "/operator" display_name: "Operator" }
  identities { identity: "/policy-admin/doj" display_name: "Policy administrator, Justice" }
  identities { identity: "/policy-admin/ins" display_name: "Policy administrator, INS" }
  identities { identity: "/policy-admin/hhs" display_name: "Policy administrator, HHS" }
  identities { identity: "/policy-admin/dol" display_name: "Policy administrator, Labor" }
  identities { identity: "/policy-admin/dos" display_name: "Policy administrator, State" }
  identities { identity: "/policy-admin/usaid" display_name: "Policy administrator, USAID" }
  types { name: "waystation.case.v1" is_case: true }
  types { name: "waystation.program.report.v1" }
  types { name: "waystation.taskforce.agenda.v1" }
)pb";

// Default deny. Staff act through their agency, never on the bus itself.
constexpr std::string_view kPolicy = R"pb(
  version: 1
  roles {
    name: "agencies"
    paths: "/agency/dos"
    paths: "/agency/doj"
    paths: "/agency/dol"
    paths: "/agency/hhs"
    paths: "/agency/ins"
    paths: "/agency/usaid"
  }
  roles { name: "auditors" paths: "/auditor" }
  roles { name: "operators" paths: "/operator" }
  roles { name: "secretariat" paths: "/secretariat" }
  roles {
    name: "staff"
    paths: "/agency/dos/staff/*"
    paths: "/agency/doj/staff/*"
    paths: "/agency/dol/staff/*"
    paths: "/agency/hhs/staff/*"
    paths: "/agency/ins/staff/*"
    paths: "/agency/usaid/staff/*"
  }
  deny {
    name: "staff-act-through-their-agency"
    roles: "staff"
    actions: [ ACTION_PUBLISH, ACTION_PULL, ACTION_READ, ACTION_OPERATE, ACTION_AUDIT ]
    types: "*"
    recipient_roles: "*"
  }
  allow {
    name: "agencies-exchange-cases"
    roles: "agencies"
    actions: [ ACTION_PUBLISH ]
    types: "waystation.case.v1"
    recipient_roles: "agencies"
  }
  allow {
    name: "agencies-coordinate"
    roles: "agencies"
    roles: "secretariat"
    actions: [ ACTION_PUBLISH ]
    types: "waystation.taskforce.agenda.v1"
    types: "waystation.program.report.v1"
    recipient_roles: "agencies"
    recipient_roles: "secretariat"
  }
  allow {
    name: "agencies-receive-and-read"
    roles: "agencies"
    roles: "secretariat"
    actions: [ ACTION_PULL, ACTION_READ ]
  }
  allow {
    name: "operators-operate"
    roles: "operators"
    actions: [ ACTION_OPERATE, ACTION_READ ]
  }
  allow {
    name: "auditors-audit"
    roles: "auditors"
    actions: [ ACTION_AUDIT, ACTION_READ ]
  }
  delivery { attempts_max: 20 backoff_min_ms: 100 backoff_max_ms: 60000 }
)pb";

// Certificates that the record binds to an identity; TLS ones are not enrolled.
std::vector<CertificateUse> UsesOf(std::string_view path) {
  if (path.starts_with("/agency/")) {
    return {bus::v1::CERTIFICATE_USE_SIGN, bus::v1::CERTIFICATE_USE_ENCRYPT,
            bus::v1::CERTIFICATE_USE_RECOVERY, bus::v1::CERTIFICATE_USE_ARCHIVE};
  }
  if (path == "/operator") return {};
  return {bus::v1::CERTIFICATE_USE_SIGN};
}

// Whether `path` stands for an agency that is not on this bus.
bool IsAbsent(std::string_view path, const std::vector<std::string>& agencies) {
  for (std::string_view kind : {"/agency/", "/policy-admin/"}) {
    if (!path.starts_with(kind)) continue;
    return std::find(agencies.begin(), agencies.end(), path.substr(kind.size())) == agencies.end();
  }
  return false;
}

absl::Status Enrol(std::string_view trust_domain, const FindDer& find_der,
                   bus::v1::Identity* identity) {
  const std::string path = identity->identity();
  identity->set_identity(absl::StrCat("spiffe://", Absl(trust_domain), path));
  for (CertificateUse use : UsesOf(path)) {
    WS_ASSIGN_OR_RETURN(std::string der, find_der(path, use));
    bus::v1::EnrolledCertificate* certificate = identity->add_certificates();
    certificate->set_der(der);
    certificate->set_use(use);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<journal::v1::Genesis> MakeDevGenesis(const std::vector<std::string>& agencies,
                                                    std::string_view trust_domain,
                                                    const std::string& roots_pem,
                                                    const std::string& bus_id,
                                                    const FindDer& find_der) {
  journal::v1::Genesis genesis;
  genesis.set_bus_id(bus_id);
  genesis.set_format_level(1);
  WS_CHECK(agencies.size() >= kPinnedAdmins);
  for (size_t i = 0; i < kPinnedAdmins; ++i) {
    genesis.add_policy_admins(
        absl::StrCat("spiffe://", Absl(trust_domain), "/policy-admin/", agencies[i]));
  }
  WS_RETURN_IF_ERROR(
      config::ParseTextProto(kPolicy, "policy of the dev bus", genesis.mutable_policy()));
  bus::v1::Directory* directory = genesis.mutable_directory();
  WS_RETURN_IF_ERROR(config::ParseTextProto(kDirectory, "directory of the dev bus", directory));
  directory->set_trust_domain(std::string(trust_domain));
  directory->set_roots_pem(roots_pem);
  auto* identities = directory->mutable_identities();
  identities->erase(
      std::remove_if(identities->begin(), identities->end(),
                     [&](const auto& one) { return IsAbsent(one.identity(), agencies); }),
      identities->end());
  for (bus::v1::Identity& identity : *identities) {
    WS_RETURN_IF_ERROR(Enrol(trust_domain, find_der, &identity));
  }
  return genesis;
}

}  // namespace waystation::cli
