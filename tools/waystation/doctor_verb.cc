#include "common/status/status.h"
#include "tools/waystation/checks.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/verbs.h"

namespace waystation::cli {
namespace {

struct DoctorOptions {
  bool offline = false;
};

void DeclareDoctor(CLI::App& verb, DoctorOptions& options) {
  verb.add_flag("--offline", options.offline, "Look at files only");
}

absl::Status RunDoctor(Session& session, const DoctorOptions& options) {
  CheckList list(session.out);
  auto profile = session.LoadProfile();
  if (!profile.ok()) {
    list.Report("profile", profile.status(), "", NextOf(profile.status()));
  } else {
    list.Ok("profile", profile->path());
    CheckFiles(session, *profile, &list);
    if (!options.offline) CheckNetwork(session, *profile, &list);
  }
  if (list.failed() == 0) return absl::OkStatus();
  return WithNext(Unverified(absl::StrCat("doctor: ", list.failed(),
                                          list.failed() == 1 ? " check failed" : " checks failed")),
                  "the first fix above, then " + AsTyped("waystation doctor") + " again");
}

}  // namespace

void AddDoctorVerb(CLI::App& app, Chosen& chosen) {
  AddVerb<DoctorOptions>(app, chosen, "doctor",
                         "What is wrong and the fix: files, keys, clock, broker, services",
                         DeclareDoctor, RunDoctor);
}

}  // namespace waystation::cli
