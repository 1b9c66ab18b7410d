#include "tools/waystation/officer.h"

#include <utility>

#include "common/ids/random.h"
#include "common/ids/uuid.h"
#include "common/status/status.h"
#include "tools/waystation/exit_code.h"

namespace waystation::cli {
namespace {

constexpr absl::Duration kRepeatedWithin = absl::Hours(24);

}  // namespace

absl::Status WithRetry(absl::Status status, const std::string& request_id) {
  if (request_id.empty() || ExitCodeOf(status) != ExitCode::kUnreachable) return status;
  return WithNext(std::move(status),
                  absl::StrCat("the same command with --request-id ", request_id,
                               " (whatever became of this one, it takes effect once)"));
}

absl::StatusOr<Officer> Officer::Of(const Session& session, const Profile& profile,
                                    std::string_view agency, const std::string& as) {
  WS_ASSIGN_OR_RETURN(v1::Staff staff, profile.StaffOf(agency, as));
  WS_ASSIGN_OR_RETURN(v1::Agency service, profile.AgencyNamed(staff.agency()));
  WS_ASSIGN_OR_RETURN(Remote remote, Connect(session, profile, staff.agency() + " service",
                                             service.endpoint(), staff.credential()));
  return Officer(std::move(staff), std::move(remote));
}

absl::StatusOr<Officer> Officer::At(const Session& session, std::string_view agency,
                                    const std::string& as) {
  WS_ASSIGN_OR_RETURN(Profile profile, session.LoadProfile());
  WS_ASSIGN_OR_RETURN(Officer officer, Of(session, profile, agency, as));
  officer.Say(session, profile);
  return officer;
}

absl::StatusOr<Officer> Officer::AtPetitioner(const Session& session, const std::string& as) {
  WS_ASSIGN_OR_RETURN(Profile profile, session.LoadProfile());
  const bool of_dos = !as.empty() && profile.StaffOf("dos", as).ok();
  return At(session, of_dos ? "dos" : "doj", as);
}

void Officer::Say(const Session& session, const Profile& profile) const {
  session.out.Say(absl::StrCat(profile.data().synthetic() ? "SYNTHETIC; acting as " : "acting as ",
                               staff_.staff_id(), " (", staff_.unit(), ")"),
                  Tone::kQuiet);
}

absl::StatusOr<Officer> Officer::AtUnit(const Session& session, std::string_view unit,
                                        const std::string& as) {
  const std::string_view agency = unit.substr(0, unit.find('/'));
  if (!as.empty()) return At(session, agency, as);
  WS_ASSIGN_OR_RETURN(Profile profile, session.LoadProfile());
  for (const v1::Staff& staff : profile.data().staff()) {
    if (staff.unit() == unit) return At(session, agency, staff.staff_id());
  }
  return At(session, agency, "");
}

std::string RequestId(const Session& session, const std::string& given) {
  if (!given.empty()) return given;
  return UuidV7Generator(session.clock, SystemRandom).Next();
}

absl::Time TypedAt(const Session& session, const std::string& request_id) {
  const absl::Time now = session.clock.Now();
  const absl::Time typed = TimeOfUuidV7(request_id).value_or(now);
  return typed <= now && now - typed < kRepeatedWithin ? typed : now;
}

void DeclareAs(CLI::App& verb, std::string& as) {
  verb.add_option("--as", as,
                  "Officer of the profile who acts (default: $WAYSTATION_AS, else "
                  "the first of the agency)")
      ->envname("WAYSTATION_AS");
}

void DeclareChange(CLI::App& verb, std::string& as, std::string& request_id) {
  DeclareAs(verb, as);
  verb.add_option("--request-id", request_id,
                  "UUID of this change: repeats it safely after an unknown outcome");
}

}  // namespace waystation::cli
