#include "tools/waystation/dev_genesis.h"

#include <string>

#include "common/config/text_proto.h"
#include "common/status/status.h"

namespace waystation::cli {
namespace {

// A change of the directory or the policy takes two administrators.
constexpr size_t kPinnedAdmins = 2;

// What every development bus has; its agencies and their administrators come from
// the list of agencies.
constexpr std::string_view kDirectory = R"pb(
  version: 1
  identities { identity: "/auditor" display_name: "Auditor" }
  identities { identity: "/broker/1" display_name: "Broker" }
  identities { identity: "/operator" display_name: "Operator" }
  types { name: "waystation.audit.compliance.v1" is_memo: true }
  types { name: "waystation.audit.finding.v1" is_memo: true }
  types { name: "waystation.case.v1" is_case: true }
  types { name: "waystation.program.report.v1" }
  types { name: "waystation.taskforce.agenda.v1" }
)pb";

// Default deny. Staff act through their agency, never on the bus itself. Who the
// agencies and their staff are comes from the list of agencies.
constexpr std::string_view kPolicy = R"pb(
  version: 1
  roles { name: "agencies" }
  roles { name: "auditors" paths: "/auditor" }
  roles { name: "operators" paths: "/operator" }
  roles { name: "secretariat" paths: "/secretariat" }
  roles { name: "staff" }
  deny {
    name: "staff-act-through-their-agency"
    roles: "staff"
    actions: [
      ACTION_PUBLISH,
      ACTION_PULL,
      ACTION_READ,
      ACTION_OPERATE,
      ACTION_AUDIT,
      ACTION_COSIGN
    ]
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
    name: "agencies-tell-the-auditor"
    roles: "agencies"
    actions: [ ACTION_PUBLISH ]
    types: "waystation.audit.compliance.v1"
    recipient_roles: "auditors"
  }
  allow {
    name: "auditors-tell-agencies"
    roles: "auditors"
    actions: [ ACTION_PUBLISH ]
    types: "waystation.audit.finding.v1"
    recipient_roles: "agencies"
  }
  allow {
    name: "agencies-receive-and-read"
    roles: "agencies"
    roles: "auditors"
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
  allow {
    name: "cosigners-cosign"
    roles: "agencies"
    roles: "auditors"
    actions: [ ACTION_COSIGN ]
  }
  delivery { attempts_max: 20 backoff_min_ms: 100 backoff_max_ms: 60000 }
)pb";

void AddAgencies(const std::vector<v1::DevAgency>& agencies, bus::v1::Directory* directory) {
  for (const v1::DevAgency& agency : agencies) *directory->add_identities() = agency.identity();
  for (const v1::DevAgency& agency : agencies) {
    bus::v1::Identity* admin = directory->add_identities();
    admin->set_identity("/policy-admin/" + NameOf(agency));
    admin->set_display_name("Policy administrator, " + NameOf(agency));
  }
}

void AddPaths(const std::vector<v1::DevAgency>& agencies, bus::v1::Policy* policy) {
  for (bus::v1::Role& role : *policy->mutable_roles()) {
    if (!role.paths().empty()) continue;
    const char* below = role.name() == "staff" ? "/staff/*" : "";
    for (const v1::DevAgency& agency : agencies) {
      role.add_paths(agency.identity().identity() + below);
    }
  }
}

}  // namespace

journal::v1::Genesis MakeDevGenesis(const std::vector<v1::DevAgency>& agencies,
                                    std::string_view trust_domain) {
  journal::v1::Genesis genesis;
  genesis.set_format_level(2);
  WS_CHECK(agencies.size() >= kPinnedAdmins);
  for (size_t i = 0; i < kPinnedAdmins; ++i) {
    genesis.add_policy_admins("/policy-admin/" + NameOf(agencies[i]));
  }
  bus::v1::Policy* policy = genesis.mutable_policy();
  WS_CHECK(config::ParseTextProto(kPolicy, "policy of the dev bus", policy).ok());
  AddPaths(agencies, policy);
  bus::v1::Directory* directory = genesis.mutable_directory();
  WS_CHECK(config::ParseTextProto(kDirectory, "directory of the dev bus", directory).ok());
  AddAgencies(agencies, directory);
  directory->set_trust_domain(std::string(trust_domain));
  return genesis;
}

}  // namespace waystation::cli
