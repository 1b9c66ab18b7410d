#include "tools/waystation/profile.h"

#include <cstdlib>
#include <filesystem>

#include "common/config/text_proto.h"
#include "common/status/status.h"
#include "tools/waystation/exit_code.h"

namespace waystation::cli {
namespace {

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

absl::Status Require(const std::string& value, const std::string& path, std::string_view field) {
  if (!value.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(Problem("profile " + path, "field missing", field));
}

absl::Status CheckCredential(const v1::Credential& credential, const std::string& path,
                             const std::string& field) {
  WS_RETURN_IF_ERROR(Require(credential.identity(), path, field + ".identity"));
  WS_RETURN_IF_ERROR(Require(credential.certificate_path(), path, field + ".certificate_path"));
  return Require(credential.key_path(), path, field + ".key_path");
}

absl::Status Check(const v1::Profile& data, const std::string& path) {
  WS_RETURN_IF_ERROR(Require(data.roots_path(), path, "roots_path"));
  WS_RETURN_IF_ERROR(Require(data.crl_path(), path, "crl_path"));
  WS_RETURN_IF_ERROR(Require(data.broker().address(), path, "broker.address"));
  WS_RETURN_IF_ERROR(Require(data.broker().identity(), path, "broker.identity"));
  if (data.has_operator_()) {
    WS_RETURN_IF_ERROR(CheckCredential(data.operator_(), path, "operator"));
  }
  if (data.has_auditor()) WS_RETURN_IF_ERROR(CheckCredential(data.auditor(), path, "auditor"));
  for (const v1::Staff& staff : data.staff()) {
    WS_RETURN_IF_ERROR(Require(staff.staff_id(), path, "staff.staff_id"));
    WS_RETURN_IF_ERROR(Require(staff.agency(), path, "staff.agency"));
    WS_RETURN_IF_ERROR(CheckCredential(staff.credential(), path, "staff.credential"));
  }
  return absl::OkStatus();
}

void MakeAbsolute(const std::filesystem::path& folder, std::string* path) {
  if (!path->empty()) *path = (folder / *path).lexically_normal().string();
}

void MakeAbsolute(const std::filesystem::path& folder, v1::Credential* credential) {
  MakeAbsolute(folder, credential->mutable_certificate_path());
  MakeAbsolute(folder, credential->mutable_key_path());
}

void MakeAbsolute(const std::filesystem::path& folder, v1::Profile* data) {
  MakeAbsolute(folder, data->mutable_roots_path());
  MakeAbsolute(folder, data->mutable_crl_path());
  MakeAbsolute(folder, data->mutable_audit_log_policy_path());
  if (data->has_operator_()) MakeAbsolute(folder, data->mutable_operator_());
  if (data->has_auditor()) MakeAbsolute(folder, data->mutable_auditor());
  for (v1::Staff& staff : *data->mutable_staff()) {
    MakeAbsolute(folder, staff.mutable_credential());
  }
}

}  // namespace

absl::StatusOr<Profile> Profile::Load(const std::string& path) {
  v1::Profile data;
  absl::Status loaded = config::LoadTextProto(path, &data);
  if (absl::IsNotFound(loaded)) {
    return WithNext(absl::FailedPreconditionError(
                        Problem("profile " + path, "missing", "no such file",
                                "--profile FILE, WAYSTATION_PROFILE, or a bus that runs")),
                    "waystation dev");
  }
  WS_RETURN_IF_ERROR(loaded);
  WS_RETURN_IF_ERROR(Check(data, path));
  MakeAbsolute(std::filesystem::absolute(path).parent_path(), &data);
  return Profile(std::move(data), path);
}

absl::StatusOr<v1::Agency> Profile::AgencyNamed(std::string_view name) const {
  for (const v1::Agency& agency : data_.agencies()) {
    if (agency.name() == name) return agency;
  }
  return absl::NotFoundError(
      Problem("agency " + Quoted(name), "not in the profile", path_, "an agency of the profile"));
}

absl::StatusOr<v1::Staff> Profile::StaffOf(std::string_view agency,
                                           std::string_view staff_id) const {
  std::string known;
  for (const v1::Staff& staff : data_.staff()) {
    const bool of_agency = agency.empty() || staff.agency() == agency;
    if (staff.staff_id() == staff_id && !of_agency) {
      return UsageError(Problem("--as " + Quoted(staff_id), "officer of another agency",
                                staff.agency(), "staff of " + std::string(agency)));
    }
    if (of_agency && (staff_id.empty() || staff.staff_id() == staff_id)) return staff;
    if (of_agency) absl::StrAppend(&known, known.empty() ? "" : ", ", staff.staff_id());
  }
  return absl::NotFoundError(Problem("--as " + Quoted(staff_id), "no such officer in " + path_, "",
                                     known.empty() ? "a profile with staff" : known));
}

std::string DevStateDir() {
  std::string state = Environment("XDG_STATE_HOME");
  if (state.empty()) state = Environment("HOME") + "/.local/state";
  return state + "/waystation/dev";
}

std::string FindProfilePath(const std::string& flag) {
  if (!flag.empty()) return flag;
  if (std::string named = Environment("WAYSTATION_PROFILE"); !named.empty()) return named;
  return DevStateDir() + "/profile.textproto";
}

}  // namespace waystation::cli
