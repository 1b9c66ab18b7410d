#include "services/audit/findings.h"

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/agency/fields.h"
#include "common/agency/identity_text.h"
#include "common/agency/page.h"
#include "common/agency/time_proto.h"
#include "common/ids/uuid.h"
#include "common/status/status.h"

namespace waystation::audit {
namespace {

constexpr char kPageLetter = 'f';
constexpr char kProcedureLetter = 'p';
constexpr uint32_t kProcedurePageMax = 1000;
constexpr int kResponsesMax = 100;
constexpr size_t kTextCharsMax = 2000;

absl::Status CheckResponse(const v1::RespondRequest& request) {
  if (!ParseUuid(request.request_id()).has_value()) {
    return Refusal(absl::StatusCode::kInvalidArgument, "REQUEST_ID_INVALID",
                   Problem("request_id", "not a UUID", Quoted(request.request_id()),
                           "36 lower-case characters"));
  }
  if (!v1::ResponseKind_IsValid(request.kind()) ||
      request.kind() == v1::RESPONSE_KIND_UNSPECIFIED) {
    return Refusal(absl::StatusCode::kInvalidArgument, "FIELD_INVALID",
                   Problem("kind", "no response", absl::StrCat(static_cast<int>(request.kind())),
                           "concur, non-concur or corrective action"));
  }
  return agency::CheckText("text", request.text(), {1, kTextCharsMax});
}

// Adds the response, unless the same request added it before.
absl::Status AddResponse(const Caller& caller, const v1::RespondRequest& request, absl::Time now,
                         v1::Finding* finding) {
  for (const v1::FindingResponse& there : finding->responses()) {
    if (there.request_id() != request.request_id()) continue;
    const bool same = there.responder() == caller.identity && there.kind() == request.kind() &&
                      there.text() == request.text();
    if (same) return absl::OkStatus();
    return Refusal(absl::StatusCode::kAlreadyExists, "REQUEST_ID_REUSED",
                   Problem("request_id", "used before for another request",
                           Quoted(request.request_id()), "a new UUID for a new request"));
  }
  if (finding->responses_size() >= kResponsesMax) {
    return Refusal(absl::StatusCode::kFailedPrecondition, "RESPONSES_FULL",
                   Problem("finding", "too many responses", absl::StrCat(kResponsesMax),
                           "a finding that the auditor closes"));
  }
  v1::FindingResponse* response = finding->add_responses();
  response->set_responder(caller.identity);
  response->set_kind(request.kind());
  response->set_text(request.text());
  response->set_request_id(request.request_id());
  *response->mutable_time() = agency::ToProtoTime(now);
  *finding->mutable_changed_time() = response->time();
  return absl::OkStatus();
}

absl::Status CloseOpen(const Caller& caller, const std::string& reason, absl::Time now,
                       v1::Finding* finding) {
  if (finding->state() != v1::FINDING_STATE_OPEN) {
    return Refusal(
        absl::StatusCode::kFailedPrecondition, "FINDING_CLOSED",
        Problem("finding", "closed already", Quoted(finding->finding_id()), "an open one"));
  }
  finding->set_state(v1::FINDING_STATE_CLOSED);
  finding->mutable_closing()->set_closed_by(caller.identity);
  finding->mutable_closing()->set_reason(reason);
  *finding->mutable_closing()->mutable_time() = agency::ToProtoTime(now);
  *finding->mutable_changed_time() = finding->closing().time();
  return absl::OkStatus();
}

struct ProcedurePage {
  int64_t after = 0;
  int size = 0;
};

// Oldest first, unlike agency::ReadPage: what comes goes to the end.
absl::StatusOr<ProcedurePage> ReadProcedurePage(const v1::ListProceduresRequest& request) {
  ProcedurePage page;
  if (request.page_size() > kProcedurePageMax) {
    return Refusal(
        absl::StatusCode::kInvalidArgument, "PAGE_SIZE_INVALID",
        Problem("page_size", "out of range", absl::StrCat(request.page_size()), "0 to 1,000"));
  }
  page.size = static_cast<int>(request.page_size() == 0 ? kProcedurePageMax : request.page_size());
  const std::string_view token = request.page_token();
  if (token.empty()) return page;
  const bool good = token.front() == kProcedureLetter &&
                    absl::SimpleAtoi(Absl(token.substr(1)), &page.after) && page.after > 0;
  if (good) return page;
  return Refusal(absl::StatusCode::kInvalidArgument, "PAGE_TOKEN_INVALID",
                 Problem("page_token", "not issued here", Quoted(token), "next_page_token"));
}

}  // namespace

absl::StatusOr<Caller> Findings::CallerOf(const std::string& identity) const {
  if (identity == auditor_) return Caller{identity, true};
  if (!agency::AgencyOf(identity).empty()) return Caller{identity, false};
  return Refusal(absl::StatusCode::kPermissionDenied, "AUDIT_DENIED",
                 Problem("caller", "neither the auditor nor an agency", Quoted(identity),
                         "/auditor or /agency/<name>"));
}

absl::Status Findings::List(const Caller& caller, const v1::ListFindingsRequest& request,
                            v1::ListFindingsResponse* response) {
  WS_ASSIGN_OR_RETURN(
      agency::PageAsked page,
      agency::ReadPage(static_cast<int>(std::min<uint32_t>(request.page_size(), INT32_MAX)),
                       request.page_token(), kPageLetter));
  FindingQuery query{.seen_by = caller.seen_by(),
                     .party = request.party(),
                     .rule = request.rule_id(),
                     .open_only = request.open_only(),
                     .changed_after = request.changed_after()};
  auto fetch = [&](int64_t before, int limit) {
    query.before = static_cast<uint64_t>(before);
    query.limit = limit;
    return store_.ListFindings(query);
  };
  auto keep = [&](v1::Finding& finding) -> absl::StatusOr<bool> {
    *response->add_findings() = std::move(finding);
    return true;
  };
  WS_ASSIGN_OR_RETURN(*response->mutable_next_page_token(),
                      agency::FillPage(page, kPageLetter, fetch, keep));
  return absl::OkStatus();
}

absl::Status Findings::Get(const Caller& caller, const v1::GetFindingRequest& request,
                           v1::GetFindingResponse* response) {
  WS_ASSIGN_OR_RETURN(*response->mutable_finding(),
                      store_.GetFinding(request.finding_id(), caller.seen_by()));
  return absl::OkStatus();
}

absl::Status Findings::Respond(const Caller& caller, const v1::RespondRequest& request,
                               v1::RespondResponse* response) {
  WS_RETURN_IF_ERROR(CheckResponse(request));
  WS_ASSIGN_OR_RETURN(
      *response->mutable_finding(),
      store_.EditFinding(request.finding_id(), caller.seen_by(), [&](v1::Finding* finding) {
        return AddResponse(caller, request, clock_.Now(), finding);
      }));
  return absl::OkStatus();
}

absl::Status Findings::Close(const Caller& caller, const v1::CloseFindingRequest& request,
                             v1::CloseFindingResponse* response) {
  // Sight first: who is no party learns nothing.
  WS_RETURN_IF_ERROR(store_.GetFinding(request.finding_id(), caller.seen_by()).status());
  if (!caller.is_auditor) {
    return Refusal(absl::StatusCode::kPermissionDenied, "CLOSE_DENIED",
                   Problem("finding", "the audited do not close it", Quoted(caller.identity),
                           "the auditor; a party responds"));
  }
  WS_RETURN_IF_ERROR(agency::CheckText("reason", request.reason(), {1, kTextCharsMax}));
  WS_ASSIGN_OR_RETURN(
      *response->mutable_finding(),
      store_.EditFinding(request.finding_id(), caller.seen_by(), [&](v1::Finding* finding) {
        return CloseOpen(caller, request.reason(), clock_.Now(), finding);
      }));
  return absl::OkStatus();
}

absl::Status Findings::ListProcedures(const Caller& caller,
                                      const v1::ListProceduresRequest& request,
                                      v1::ListProceduresResponse* response) {
  if (!caller.is_auditor) {
    return Refusal(absl::StatusCode::kPermissionDenied, "AUDIT_DENIED",
                   Problem("caller", "not the auditor", Quoted(caller.identity), "/auditor"));
  }
  WS_ASSIGN_OR_RETURN(const ProcedurePage page, ReadProcedurePage(request));
  WS_ASSIGN_OR_RETURN(std::vector<ReferralProcedure> found,
                      store_.ListProcedures(page.after, page.size + 1));
  const bool more = found.size() > static_cast<size_t>(page.size);
  if (more) found.pop_back();
  for (ReferralProcedure& one : found) {
    v1::ReferralProcedure& out = *response->add_procedures();
    out.set_referral_id(std::move(one.referral_id));
    out.set_procedure(std::move(one.procedure));
  }
  if (more) {
    response->set_next_page_token(
        absl::StrCat(std::string(1, kProcedureLetter), found.back().position));
  }
  return absl::OkStatus();
}

}  // namespace waystation::audit
