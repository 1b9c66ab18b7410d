#include "common/evidence/message.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "common/crypto/dsse.h"
#include "common/evidence/content_types.h"
#include "common/evidence/wire.h"
#include "common/ids/uuid.h"
#include "common/limits/limits.h"
#include "common/status/status.h"

namespace waystation::evidence {
namespace {

using bus::v1::Header;
using bus::v1::ReferralHeader;
using types::v1::Transition;

absl::Status Bad(std::string_view reason, std::string_view field, std::string_view problem,
                 std::string_view got = {}, std::string_view want = {}) {
  return Refusal(absl::StatusCode::kInvalidArgument, reason,
                 Problem("header." + std::string(field), problem, got, want));
}

absl::Status CheckText(std::string_view field, std::string_view text, size_t bytes_max,
                       bool required) {
  const std::string want = absl::StrCat(required ? "1 to " : "at most ", bytes_max, " bytes");
  if (required && text.empty()) return Bad("HEADER_MALFORMED", field, "missing", "0 bytes", want);
  if (text.size() <= bytes_max) return absl::OkStatus();
  return Bad("HEADER_LIMIT", field, "too long", absl::StrCat(text.size(), " bytes"), want);
}

// Which identities there are is the directory's to say; this refuses what
// cannot be one, so that nothing odd is looked up or logged.
absl::Status CheckIdentity(std::string_view reason, std::string_view field,
                           std::string_view identity) {
  const bool printable =
      std::all_of(identity.begin(), identity.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (printable && identity.starts_with("spiffe://") && identity.size() <= kIdentityBytesMax) {
    return absl::OkStatus();
  }
  return Bad(reason, field, "not an identity", Quoted(identity),
             "a SPIFFE ID of at most 256 bytes");
}

absl::Status CheckIds(const Header& header) {
  if (!IsUuidV7(header.id())) {
    return Bad("ID_INVALID", "id", "not an id", Quoted(header.id()),
               "UUIDv7 in 36 lower-case characters");
  }
  if (!header.in_reply_to().empty() && !IsUuidV7(header.in_reply_to())) {
    return Bad("ID_INVALID", "in_reply_to", "not an id", Quoted(header.in_reply_to()),
               "UUIDv7 in 36 lower-case characters");
  }
  return absl::OkStatus();
}

absl::Status CheckTexts(const Header& header) {
  WS_RETURN_IF_ERROR(CheckText("type", header.type(), kTypeBytesMax, true));
  WS_RETURN_IF_ERROR(
      CheckText("datacontenttype", header.datacontenttype(), kMediaTypeBytesMax, true));
  WS_RETURN_IF_ERROR(CheckText("subject", header.subject(), kSubjectBytesMax, false));
  WS_RETURN_IF_ERROR(CheckText("ordering_key", header.ordering_key(), kOrderingKeyBytesMax, false));
  return CheckText("traceparent", header.traceparent(), kTraceparentBytesMax, false);
}

absl::Status CheckTime(std::string_view field, bool present,
                       const google::protobuf::Timestamp& time) {
  if (!present || IsValidTime(time)) return absl::OkStatus();
  return Bad("TIME_INVALID", field, "not a time", absl::StrCat(time.seconds(), " s"),
             "a protobuf Timestamp");
}

absl::Status CheckTimes(const Header& header) {
  if (!header.has_time()) {
    return Bad("TIME_INVALID", "time", "missing", "none", "a protobuf Timestamp");
  }
  WS_RETURN_IF_ERROR(CheckTime("time", true, header.time()));
  WS_RETURN_IF_ERROR(CheckTime("not_before", header.has_not_before(), header.not_before()));
  WS_RETURN_IF_ERROR(CheckTime("expire_time", header.has_expire_time(), header.expire_time()));
  if (!header.has_not_before() || !header.has_expire_time()) return absl::OkStatus();
  const auto& begin = header.not_before();
  const auto& end = header.expire_time();
  if (std::make_pair(begin.seconds(), begin.nanos()) < std::make_pair(end.seconds(), end.nanos())) {
    return absl::OkStatus();
  }
  return Bad("TIME_INVALID", "expire_time", "not after not_before",
             absl::StrCat(end.seconds(), " s"), absl::StrCat("later than ", begin.seconds(), " s"));
}

absl::Status CheckRecipients(const Header& header) {
  constexpr std::string_view kReason = "RECIPIENTS_INVALID";
  const auto& recipients = header.recipients();
  const auto count = static_cast<size_t>(recipients.size());
  if (count < 1 || count > kRecipientsMax) {
    return Bad(kReason, "recipients", "wrong number", absl::StrCat(count), "1 to 16");
  }
  for (auto it = recipients.begin(); it != recipients.end(); ++it) {
    WS_RETURN_IF_ERROR(CheckIdentity(kReason, "recipients", *it));
    if (*it == header.source()) {
      return Bad(kReason, "recipients", "the sender is among them", Quoted(*it),
                 "others than the source");
    }
    if (std::find(recipients.begin(), it, *it) != it) {
      return Bad(kReason, "recipients", "given twice", Quoted(*it), "each once");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckPayloadFields(const Header& header) {
  if (header.payload_sha256().size() != kDigestBytes) {
    return Bad("HEADER_MALFORMED", "payload_sha256", "wrong size",
               absl::StrCat(header.payload_sha256().size()), "32 bytes");
  }
  if (header.payload_size() > kPayloadBytesMax) {
    return Bad("PAYLOAD_LIMIT", "payload_size", "too large",
               absl::StrCat(header.payload_size(), " bytes"), "at most 1,048,576 bytes");
  }
  return absl::OkStatus();
}

absl::Status CheckTransition(const ReferralHeader& referral) {
  const Transition transition = referral.transition();
  if (transition < types::v1::TRANSITION_REQUEST ||
      transition > types::v1::TRANSITION_ENTERED_IN_ERROR) {
    return Bad("ILLEGAL_TRANSITION", "referral.transition", "not one that a message may carry",
               absl::StrCat(static_cast<int>(transition)),
               absl::StrCat(static_cast<int>(types::v1::TRANSITION_REQUEST), " to ",
                            static_cast<int>(types::v1::TRANSITION_ENTERED_IN_ERROR)));
  }
  const bool request = transition == types::v1::TRANSITION_REQUEST;
  if (request != (referral.expected_version() == 0)) {
    return Bad("HEADER_MALFORMED", "referral.expected_version", "does not fit the transition",
               absl::StrCat(referral.expected_version()), "0 for a request, else from 1");
  }
  if (referral.scope_version() == 0) {
    return Bad("SCOPE_VERSION", "referral.scope_version", "missing", "0", "from 1");
  }
  return absl::OkStatus();
}

absl::Status CheckCommitment(std::string_view field, std::string_view commitment,
                             const ReferralHeader& referral) {
  if (commitment.empty()) return absl::OkStatus();
  if (commitment.size() != kDigestBytes) {
    return Bad("LINK_INVALID", field, "wrong size", absl::StrCat(commitment.size()), "32 bytes");
  }
  if (referral.transition() == types::v1::TRANSITION_REQUEST) return absl::OkStatus();
  return Bad("LINK_INVALID", field, "only a request may carry it",
             types::v1::Transition_Name(referral.transition()),
             types::v1::Transition_Name(types::v1::TRANSITION_REQUEST));
}

absl::Status CheckReferral(const ReferralHeader& referral) {
  if (referral.referral_id().size() != kReferralIdBytes) {
    return Bad("HEADER_MALFORMED", "referral.referral_id", "wrong size",
               absl::StrCat(referral.referral_id().size()), "16 bytes");
  }
  WS_RETURN_IF_ERROR(CheckTransition(referral));
  WS_RETURN_IF_ERROR(CheckTime("referral.due_time", referral.has_due_time(), referral.due_time()));
  WS_RETURN_IF_ERROR(
      CheckCommitment("referral.parent_commitment", referral.parent_commitment(), referral));
  return CheckCommitment("referral.replaces_commitment", referral.replaces_commitment(), referral);
}

absl::Status CheckEncrypted(const Header& header) {
  if (header.datacontenttype() == kEncryptedMediaType) return absl::OkStatus();
  return Bad("PAYLOAD_NOT_ENCRYPTED", "datacontenttype", "not that of an encrypted payload",
             Quoted(header.datacontenttype()), kEncryptedMediaType);
}

// A subject may be words about a person: its size is told, not itself.
absl::Status CheckNoSubject(const Header& header, std::string_view reason,
                            std::string_view problem) {
  if (header.subject().empty()) return absl::OkStatus();
  return Bad(reason, "subject", problem, absl::StrCat(header.subject().size(), " bytes"), "none");
}

absl::Status CheckCase(const Header& header) {
  if (!header.has_referral()) {
    return Bad("REFERRAL_MISSING", "referral", "missing on a case", "none", "a ReferralHeader");
  }
  WS_RETURN_IF_ERROR(CheckNoSubject(header, "SUBJECT_ON_CASE", "not allowed on a case"));
  WS_RETURN_IF_ERROR(CheckEncrypted(header));
  return CheckReferral(header.referral());
}

absl::Status CheckMemo(const Header& header) {
  WS_RETURN_IF_ERROR(CheckNoSubject(header, "SUBJECT_ON_MEMO", "not allowed on a memo"));
  return CheckEncrypted(header);
}

absl::Status CheckLink(std::string_view name, std::string_view commitment, bool present,
                       const bus::v1::LinkOpening& opening) {
  if (commitment.empty() && !present) return absl::OkStatus();
  auto bad = [name](std::string_view problem, std::string_view got, std::string_view want) {
    return Refusal(absl::StatusCode::kInvalidArgument, "LINK_INVALID",
                   Problem(name, problem, got, want));
  };
  if (commitment.empty()) return bad("opened without a commitment", "an opening", "none");
  if (!present) return bad("committed and not opened", "no opening", "referral_id and salt");
  if (opening.referral_id().size() != kReferralIdBytes || opening.salt().size() != kSaltBytes) {
    return bad("wrong size of referral_id or salt",
               absl::StrCat(opening.referral_id().size(), " and ", opening.salt().size()),
               "16 and 16 bytes");
  }
  const crypto::Digest opened = LinkCommitment(opening.salt(), opening.referral_id());
  if (crypto::AsBytes(opened) == commitment) return absl::OkStatus();
  return bad("the opening does not match the commitment", crypto::Hex(crypto::AsBytes(opened)),
             crypto::Hex(commitment));
}

}  // namespace

crypto::Digest EnvelopeHash(std::string_view header_bytes) {
  return crypto::PreAuthDigest(kHeaderContent, header_bytes);
}

absl::StatusOr<Header> ParseHeader(std::string_view header_bytes) {
  if (header_bytes.empty() || header_bytes.size() > kHeaderBytesMax) {
    return Refusal(
        absl::StatusCode::kInvalidArgument, "HEADER_LIMIT",
        Problem("header", "wrong size", absl::StrCat(header_bytes.size()), "1 to 8,192 bytes"));
  }
  Header header;
  if (!ParseStrictly(header_bytes, UnknownFields::kRefuse, &header)) {
    return Refusal(absl::StatusCode::kInvalidArgument, "HEADER_MALFORMED",
                   Problem("header", "malformed or a field is unknown or given twice",
                           absl::StrCat(header_bytes.size(), " bytes"),
                           "one serialized Header of the contract's fields"));
  }
  return header;
}

absl::Status CheckHeader(const Header& header, MessageForm form) {
  WS_RETURN_IF_ERROR(CheckIds(header));
  WS_RETURN_IF_ERROR(CheckIdentity("HEADER_MALFORMED", "source", header.source()));
  WS_RETURN_IF_ERROR(CheckTexts(header));
  WS_RETURN_IF_ERROR(CheckTimes(header));
  WS_RETURN_IF_ERROR(CheckRecipients(header));
  WS_RETURN_IF_ERROR(CheckPayloadFields(header));
  if (form == MessageForm::kCase) return CheckCase(header);
  if (header.has_referral()) {
    return Bad("REFERRAL_ON_NON_CASE", "referral", "not allowed on this type",
               Quoted(header.type()), "a case type");
  }
  return form == MessageForm::kMemo ? CheckMemo(header) : absl::OkStatus();
}

absl::Status CheckPayload(const Header& header, std::string_view payload) {
  if (payload.size() > kPayloadBytesMax) {
    return Refusal(absl::StatusCode::kInvalidArgument, "PAYLOAD_LIMIT",
                   Problem("payload", "too large", absl::StrCat(payload.size(), " bytes"),
                           "at most 1,048,576 bytes"));
  }
  const bool same_size = payload.size() == header.payload_size();
  if (same_size && crypto::AsBytes(crypto::Sha256(payload)) == header.payload_sha256()) {
    return absl::OkStatus();
  }
  // No digest is said, also not the header's: a short text could be guessed from it.
  return Refusal(
      absl::StatusCode::kInvalidArgument, "PAYLOAD_MISMATCH",
      Problem("payload", "not the one that the header names",
              absl::StrCat(payload.size(), " bytes", same_size ? " with another SHA-256" : ""),
              absl::StrCat(header.payload_size(), " bytes with the header's SHA-256")));
}

crypto::Digest LinkCommitment(std::string_view salt, std::string_view referral_id) {
  crypto::Sha256Hasher hasher;
  hasher.Update(salt);
  hasher.Update(referral_id);
  return hasher.Finish();
}

absl::Status CheckLinks(const Header& header, const bus::v1::SignedMessage& message) {
  WS_RETURN_IF_ERROR(CheckLink("parent", header.referral().parent_commitment(),
                               message.has_parent(), message.parent()));
  return CheckLink("replaces", header.referral().replaces_commitment(), message.has_replaces(),
                   message.replaces());
}

}  // namespace waystation::evidence
