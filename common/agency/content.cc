#include "common/agency/content.h"

#include <algorithm>
#include <string>

#include "common/agency/identity_text.h"
#include "common/limits/limits.h"
#include "common/status/status.h"

namespace waystation::agency {
namespace {

using referral::v1::CaseContent;
using types::v1::Transition;

constexpr int kOfficialsMax = 4;
constexpr int kOnwardMax = 64;
constexpr size_t kBodyBytesMax = 262'144;
constexpr size_t kPersonBytesMax = 64;
constexpr size_t kUnitBytesMax = 128;
constexpr size_t kStaffIdBytesMax = 64;
// Limits in characters are bounded here in bytes, four for each (UTF-8).
constexpr size_t kOfficeBytesMax = 4 * 200;
constexpr size_t kReasonTextBytesMax = 4 * 4'000;
constexpr size_t kCitationBytesMax = 4 * 300;
constexpr size_t kDueBasisBytesMax = 4 * 100;

absl::Status Malformed(std::string_view field, std::string_view problem, std::string_view got,
                       std::string_view want) {
  return Refusal(absl::StatusCode::kInvalidArgument, "CONTENT_MALFORMED",
                 Problem(absl::StrCat("content.", Absl(field)), problem, got, want));
}

absl::Status CheckLength(std::string_view field, std::string_view text, size_t least, size_t most) {
  if (text.size() >= least && text.size() <= most) return absl::OkStatus();
  return Malformed(field, "wrong length", absl::StrCat(text.size(), " bytes"),
                   absl::StrCat(least, " to ", most));
}

// Lower case only: a handle is compared byte for byte.
bool IsHandleLike(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

absl::Status CheckPerson(std::string_view person) {
  bool good = person.size() > 3 && person.size() <= kPersonBytesMax &&
              person.substr(0, 3) == "pv-" && IsHandleLike(person);
  if (good) return absl::OkStatus();
  // What came may be a name: it must not reach a log.
  return Malformed("person", "not a handle", absl::StrCat(person.size(), " bytes"),
                   "\"pv-\" and at most 61 of [a-z0-9-]");
}

bool IsUnit(std::string_view unit) {
  size_t slash = unit.find('/');
  return slash != std::string_view::npos && slash > 0 && slash + 1 < unit.size() &&
         unit.size() <= kUnitBytesMax && std::all_of(unit.begin(), unit.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '/';
         });
}

absl::Status CheckUnits(const CaseContent& content) {
  for (const std::string* unit : {&content.from_unit(), &content.to_unit()}) {
    if (!IsUnit(*unit)) {
      return Malformed(unit == &content.from_unit() ? "from_unit" : "to_unit", "not a unit",
                       Quoted(*unit), "<agency>/<unit>");
    }
  }
  std::string agency = AgencyOf(content.sender());
  if (absl::string_view(content.from_unit()).substr(0, agency.size() + 1) ==
      absl::StrCat(agency, "/")) {
    return absl::OkStatus();
  }
  return Malformed("from_unit", "not of the sender", Quoted(content.from_unit()),
                   absl::StrCat("a unit of \"", agency, "\""));
}

absl::Status CheckOfficials(const CaseContent& content) {
  if (content.officials_size() < 1 || content.officials_size() > kOfficialsMax) {
    return Malformed("officials", "wrong count", absl::StrCat(content.officials_size()), "1 to 4");
  }
  for (const types::v1::ActingOfficial& official : content.officials()) {
    WS_RETURN_IF_ERROR(CheckLength("officials.office", official.office(), 1, kOfficeBytesMax));
    WS_RETURN_IF_ERROR(CheckLength("officials.title", official.title(), 1, kOfficeBytesMax));
    WS_RETURN_IF_ERROR(CheckLength("officials.staff_id", official.staff_id(), 1, kStaffIdBytesMax));
    if (!IsUnit(official.unit())) {
      return Malformed("officials.unit", "not a unit", Quoted(official.unit()), "<agency>/<unit>");
    }
  }
  return absl::OkStatus();
}

bool NeedsReason(Transition transition) {
  return transition == types::v1::TRANSITION_RETURN || transition == types::v1::TRANSITION_HOLD ||
         transition == types::v1::TRANSITION_CANCEL ||
         transition == types::v1::TRANSITION_ASK_TO_CANCEL ||
         transition == types::v1::TRANSITION_CONTINUE ||
         transition == types::v1::TRANSITION_CHANGE_SCOPE;
}

absl::Status CheckBasis(const CaseContent& content) {
  bool request = content.transition() == types::v1::TRANSITION_REQUEST;
  if (!request) return absl::OkStatus();
  const referral::v1::DisclosureBasis& basis = content.disclosure_basis();
  if (basis.kind() == referral::v1::DISCLOSURE_BASIS_KIND_UNSPECIFIED) {
    return Malformed("disclosure_basis", "missing", "", "one ground on a request");
  }
  return CheckLength("disclosure_basis.citation", basis.citation(), 0, kCitationBytesMax);
}

bool NeedsBody(Transition transition) {
  return transition == types::v1::TRANSITION_REQUEST ||
         transition == types::v1::TRANSITION_ANSWER ||
         transition == types::v1::TRANSITION_CHANGE_SCOPE;
}

absl::Status CheckOnward(const CaseContent& content) {
  if (content.onward_size() > kOnwardMax) {
    return Malformed("onward", "too many", absl::StrCat(content.onward_size()), "at most 64");
  }
  for (const referral::v1::OnwardHop& hop : content.onward()) {
    WS_RETURN_IF_ERROR(CheckLength("onward.agency", hop.agency(), 0, kUnitBytesMax));
    WS_RETURN_IF_ERROR(CheckLength("onward.authority", hop.authority(), 0, kCitationBytesMax));
  }
  return absl::OkStatus();
}

absl::Status CheckByTransition(const CaseContent& content) {
  Transition transition = content.transition();
  WS_RETURN_IF_ERROR(CheckBasis(content));
  WS_RETURN_IF_ERROR(CheckLength("reason_text", content.reason_text(),
                                 NeedsReason(transition) ? 1 : 0, kReasonTextBytesMax));
  if (content.has_return_detail() != (transition == types::v1::TRANSITION_RETURN)) {
    return Malformed("return_detail", "out of place", "", "exactly on a return");
  }
  if (content.has_hold_until() != (transition == types::v1::TRANSITION_HOLD)) {
    return Malformed("hold_until", "out of place", "", "exactly on a hold");
  }
  if (NeedsBody(transition) && !content.has_body()) {
    return Malformed("body", "missing", "", "a body on a request, answer or change of scope");
  }
  bool retains = transition == types::v1::TRANSITION_RETAINED_UNDER;
  if (retains == content.authority().empty()) {
    return Malformed("authority", "out of place", "", "exactly on a retained-under");
  }
  WS_RETURN_IF_ERROR(CheckLength("authority", content.authority(), 0, kCitationBytesMax));
  WS_RETURN_IF_ERROR(CheckOnward(content));
  return CheckLength("body", content.body().value(), 0, kBodyBytesMax);
}

absl::Status NotBound(std::string_view field) {
  return Refusal(absl::StatusCode::kInvalidArgument, "CONTENT_NOT_BOUND",
                 Problem(absl::StrCat("content.", Absl(field)), "differs from the signed header"));
}

}  // namespace

absl::StatusOr<CaseContent> ParseContent(std::string_view plaintext) {
  CaseContent content;
  if (plaintext.size() > kPayloadBytesMax ||
      !content.ParseFromArray(plaintext.data(), static_cast<int>(plaintext.size()))) {
    return Malformed("payload", "not a CaseContent", absl::StrCat(plaintext.size(), " bytes"), "");
  }
  return content;
}

absl::Status CheckContent(const CaseContent& content) {
  WS_RETURN_IF_ERROR(CheckUnits(content));
  WS_RETURN_IF_ERROR(CheckOfficials(content));
  WS_RETURN_IF_ERROR(CheckPerson(content.person()));
  WS_RETURN_IF_ERROR(CheckLength("due_basis", content.due_basis(), 0, kDueBasisBytesMax));
  return CheckByTransition(content);
}

absl::Status CheckBinding(const CaseContent& content, const bus::v1::Header& header) {
  if (content.sender() != header.source()) return NotBound("sender");
  if (!std::equal(content.recipients().begin(), content.recipients().end(),
                  header.recipients().begin(), header.recipients().end())) {
    return NotBound("recipients");
  }
  if (content.referral_id() != header.referral().referral_id()) return NotBound("referral_id");
  if (content.transition() != header.referral().transition()) return NotBound("transition");
  return absl::OkStatus();
}

}  // namespace waystation::agency
