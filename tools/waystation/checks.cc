#include "tools/waystation/checks.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "google/protobuf/struct.pb.h"
#include "tools/waystation/exit_code.h"

namespace waystation::cli {

void CheckList::Print(const CheckResult& result) {
  if (out_.json()) {
    google::protobuf::Struct line;
    auto& fields = *line.mutable_fields();
    fields["check"].set_string_value(result.what);
    fields["ok"].set_bool_value(result.ok);
    fields["found"].set_string_value(result.found);
    if (!result.ok) fields["fix"].set_string_value(result.fix);
    return out_.Line(ToJson(line));
  }
  out_.Line(
      absl::StrCat(result.ok ? "ok    " : "FAIL  ", result.what, ": ", Printable(result.found)),
      result.ok ? Tone::kPlain : Tone::kBad);
  if (!result.ok) out_.Line("      fix: " + AsTyped(result.fix));
}

void CheckList::Ok(const std::string& what, const std::string& found) {
  Print({what, true, found, ""});
}

void CheckList::Fail(const std::string& what, const std::string& found, const std::string& fix) {
  ++failed_;
  Print({what, false, found, fix});
}

void CheckList::Report(const std::string& what, const absl::Status& status,
                       const std::string& found, const std::string& fix) {
  if (status.ok()) return Ok(what, found);
  const std::string reason = ReasonOf(status);
  Fail(what, absl::StrCat(reason, reason.empty() ? "" : ": ", status.message()), fix);
}

std::string AuthorityDir(const Profile& profile) {
  const std::filesystem::path dir =
      std::filesystem::path(profile.data().roots_path()).parent_path();
  std::error_code error;
  // The roots lie beside the root's key where `pki init` made both.
  const bool here = std::filesystem::exists(dir / "root-key.pem", error);
  return here ? dir.string() : "DIR";
}

std::string ReissueFix(const Profile& profile, std::string_view identity) {
  return absl::StrCat("waystation pki issue ", AuthorityDir(profile), " --identity ",
                      Absl(identity), " --use tls --force");
}

void KeptRefusal::OnRefusal(std::string_view peer, std::string_view, std::string_view reason,
                            std::string_view text) {
  std::lock_guard<std::mutex> lock(mutex_);
  text_ = absl::StrCat(Absl(reason), ": ", Absl(text), " (the server showed ", Quoted(peer), ")");
}

std::string KeptRefusal::text() {
  std::lock_guard<std::mutex> lock(mutex_);
  return text_;
}

}  // namespace waystation::cli
