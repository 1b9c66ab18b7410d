#include "common/evidence/handoff_index.h"

#include <utility>

#include "common/evidence/content_types.h"
#include "common/evidence/leaf.h"
#include "common/evidence/wire.h"
#include "common/ids/uuid.h"
#include "common/limits/limits.h"
#include "common/status/status.h"

namespace waystation::evidence {
namespace {

using audit::v1::HandoffEntry;

absl::Status Malformed(std::string_view thing, std::string_view problem, std::string got,
                       std::string_view want) {
  return Refusal(absl::StatusCode::kInvalidArgument, "INDEX_MALFORMED",
                 Problem(thing, problem, std::move(got), want));
}

std::vector<crypto::Digest> LeavesOf(const audit::v1::ListHandoffsResponse& response) {
  std::vector<crypto::Digest> leaves;
  leaves.reserve(static_cast<size_t>(response.entries_size()) + 1);
  leaves.push_back(LeafHash(kHandoffIndexContent, response.page()));
  for (const std::string& entry : response.entries()) {
    leaves.push_back(LeafHash(kHandoffIndexContent, entry));
  }
  return leaves;
}

absl::Status CheckPage(const audit::v1::HandoffPage& page,
                       const audit::v1::ListHandoffsResponse& response, std::string_view agency,
                       std::string_view page_token) {
  if (page.agency() != agency) {
    return Malformed("index page", "of another agency", Quoted(page.agency()), Quoted(agency));
  }
  if (page.page_token() != page_token) {
    return Malformed("index page", "not the one asked for", Quoted(page.page_token()),
                     Quoted(page_token));
  }
  if (!page.has_time() || !IsValidTime(page.time())) {
    return Malformed("index page", "no time", "", "when it was read");
  }
  if (page.entry_count() != static_cast<uint32_t>(response.entries_size())) {
    return Malformed("index page", "wrong number of entries", absl::StrCat(response.entries_size()),
                     absl::StrCat(page.entry_count(), " as it says"));
  }
  return absl::OkStatus();
}

bool StateHolds(const HandoffEntry& entry) {
  switch (entry.state_case()) {
    case HandoffEntry::kWaiting:
    case HandoffEntry::kRefused:
      return true;
    case HandoffEntry::kAccepted:
      return entry.accepted().sequence() > 0 && entry.accepted().has_accept_time() &&
             IsValidTime(entry.accepted().accept_time());
    case HandoffEntry::kReceived:
      return entry.received().outcome() != bus::v1::DELIVERY_OUTCOME_UNSPECIFIED &&
             entry.received().attempt() > 0;
    case HandoffEntry::STATE_NOT_SET:
      return false;
  }
  return false;
}

absl::Status CheckEntry(const HandoffEntry& entry) {
  if (!ParseUuid(entry.message_id()).has_value()) {
    return Malformed("index entry", "no message id", Quoted(entry.message_id()), "a UUID");
  }
  if (entry.envelope_hash().size() != kDigestBytes) {
    return Malformed("index entry", "wrong envelope hash",
                     absl::StrCat(entry.envelope_hash().size(), " bytes"), "32 bytes");
  }
  if (entry.position() == 0 || !entry.has_time() || !IsValidTime(entry.time()) ||
      !StateHolds(entry)) {
    return Malformed("index entry", "position, time or state missing", Quoted(entry.message_id()),
                     "all three");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<audit::v1::ListHandoffsResponse> SignHandoffIndex(
    const Signer& signer, audit::v1::HandoffPage page, const std::vector<HandoffEntry>& entries,
    absl::Time now) {
  if (entries.size() > kHandoffEntriesMax) {
    return Malformed("index page", "too many entries", absl::StrCat(entries.size()),
                     "at most 1,000");
  }
  page.set_entry_count(static_cast<uint32_t>(entries.size()));
  audit::v1::ListHandoffsResponse response;
  response.set_page(page.SerializeAsString());
  for (const HandoffEntry& entry : entries) response.add_entries(entry.SerializeAsString());
  WS_ASSIGN_OR_RETURN(SignedBatch batch, signer.SignBatchDetached(LeavesOf(response), now));
  response.set_statement(batch.statement());
  response.set_signature(batch.signature());
  response.set_certificate_sha256(std::string(crypto::AsBytes(batch.certificate_sha256())));
  return response;
}

absl::StatusOr<HandoffIndexPage> ReadHandoffIndex(const Verifier& verifier,
                                                  const audit::v1::ListHandoffsResponse& response,
                                                  std::string_view agency,
                                                  std::string_view page_token) {
  const Verifier::WholeBatch batch{response.statement(), response.signature(),
                                   response.certificate_sha256(), LeavesOf(response)};
  WS_RETURN_IF_ERROR(verifier.VerifyWholeBatch(batch, agency, "index page"));
  HandoffIndexPage read;
  if (!ParseStrictly(response.page(), UnknownFields::kRefuse, &read.page)) {
    return Malformed("index page", "malformed", absl::StrCat(response.page().size(), " bytes"),
                     "a HandoffPage");
  }
  WS_RETURN_IF_ERROR(CheckPage(read.page, response, agency, page_token));
  for (const std::string& bytes : response.entries()) {
    if (!ParseStrictly(bytes, UnknownFields::kRefuse, &read.entries.emplace_back())) {
      return Malformed("index entry", "malformed", absl::StrCat(bytes.size(), " bytes"),
                       "a HandoffEntry");
    }
    WS_RETURN_IF_ERROR(CheckEntry(read.entries.back()));
  }
  return read;
}

}  // namespace waystation::evidence
