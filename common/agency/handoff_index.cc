#include "common/agency/handoff_index.h"

#include <charconv>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/agency/receipts.h"
#include "common/agency/time_proto.h"
#include "common/crypto/sha256.h"
#include "common/evidence/handoff_index.h"
#include "common/evidence/message.h"
#include "common/status/status.h"
#include "waystation/bus/v1/message.pb.h"

namespace waystation::agency {
namespace {

using audit::v1::HandoffEntry;

constexpr int kPageMost = static_cast<int>(evidence::kHandoffEntriesMax);
constexpr char kSent = 's';
constexpr char kReceived = 'r';

// The peer is the referral's other party, a case goes to nobody else; or a memo's
// recipient.
constexpr std::string_view kSentSql =
    "SELECT o.position, o.message_id, o.envelope_hash, "
    "CASE WHEN o.envelope_hash IS NULL THEN o.message END, o.state, o.receipt, o.refusal_reason, "
    "o.queued_us, "
    "CASE r.we_are_target WHEN 1 THEN r.requester WHEN 0 THEN r.target ELSE o.recipient END "
    "FROM outbox o LEFT JOIN referral r ON r.referral_id = o.referral_id "
    "WHERE o.position > ? ORDER BY o.position LIMIT ?";

constexpr std::string_view kReceivedSql =
    "SELECT position, message_id, envelope_hash, source, outcome, attempt, ack, committed_us "
    "FROM inbox WHERE position > ? ORDER BY position LIMIT ?";

// Where a page begins.
struct Place {
  char list = kSent;
  int64_t after = 0;
};

absl::StatusOr<Place> ReadToken(std::string_view token) {
  if (token.empty()) return Place{};
  Place place{token.front(), 0};
  const char* end = token.data() + token.size();
  auto [stop, error] = std::from_chars(token.data() + 1, end, place.after);
  const bool known = place.list == kSent || place.list == kReceived;
  if (known && error == std::errc() && stop == end && place.after >= 0) return place;
  return Refusal(absl::StatusCode::kInvalidArgument, "PAGE_TOKEN_INVALID",
                 Problem("page_token", "not issued here", Quoted(token), "next_page_token"));
}

absl::StatusOr<std::string> HashOf(std::string_view message_bytes) {
  bus::v1::SignedMessage message;
  if (!message.ParseFromArray(message_bytes.data(), static_cast<int>(message_bytes.size()))) {
    return absl::DataLossError(Problem("outbox", "a message cannot be read"));
  }
  return std::string(crypto::AsBytes(evidence::EnvelopeHash(message.header())));
}

// Custody as its receipt says, which was verified when it came.
absl::Status FillAccepted(const std::string& receipt_bytes, HandoffEntry& entry) {
  bus::v1::SignedReceipt signed_receipt;
  bus::v1::CustodyReceipt receipt;
  if (!signed_receipt.ParseFromString(receipt_bytes) ||
      !receipt.ParseFromString(signed_receipt.receipt())) {
    return absl::DataLossError(
        Problem("outbox", "a receipt cannot be read", Quoted(entry.message_id())));
  }
  entry.mutable_accepted()->set_sequence(receipt.sequence());
  *entry.mutable_accepted()->mutable_accept_time() = receipt.accept_time();
  return absl::OkStatus();
}

absl::Status FillSent(const Row& row, HandoffEntry& entry) {
  entry.set_position(static_cast<uint64_t>(row.Int(0)));
  entry.set_message_id(row.Bytes(1));
  entry.set_envelope_hash(row.Bytes(2));
  if (row.IsNull(2)) {
    WS_ASSIGN_OR_RETURN(*entry.mutable_envelope_hash(), HashOf(row.Bytes(3)));
  }
  *entry.mutable_time() = ToProtoTime(absl::FromUnixMicros(row.Int(7)));
  entry.set_peer(row.Bytes(8));
  switch (row.Int(4)) {
    case 0:
      entry.mutable_waiting();
      return absl::OkStatus();
    case 1:
      return FillAccepted(row.Bytes(5), entry);
    default:
      entry.mutable_refused()->set_reason(row.Bytes(6));
      return absl::OkStatus();
  }
}

absl::Status FillReceived(const Row& row, HandoffEntry& entry) {
  entry.set_position(static_cast<uint64_t>(row.Int(0)));
  entry.set_message_id(row.Bytes(1));
  entry.set_envelope_hash(row.Bytes(2));
  entry.set_peer(row.Bytes(3));
  audit::v1::HandoffReceived& received = *entry.mutable_received();
  received.set_outcome(static_cast<bus::v1::DeliveryOutcome>(row.Int(4)));
  received.set_attempt(static_cast<uint32_t>(row.Int(5)));
  received.set_receipt_confirmed(static_cast<Ack>(row.Int(6)) == Ack::kOnRecord);
  *entry.mutable_time() = ToProtoTime(absl::FromUnixMicros(row.Int(7)));
  return absl::OkStatus();
}

// Appends rows of one list until the page is full. Returns whether there are more.
absl::StatusOr<bool> Append(Transaction& db, const Place& place, size_t size, HandoffRows& out) {
  const bool sent = place.list == kSent;
  const int64_t limit = static_cast<int64_t>(size - out.entries.size()) + 1;
  WS_RETURN_IF_ERROR(
      db.Query(sent ? kSentSql : kReceivedSql, {place.after, limit}, [&](const Row& row) {
        HandoffEntry& entry = out.entries.emplace_back();
        return sent ? FillSent(row, entry) : FillReceived(row, entry);
      }));
  if (out.entries.size() <= size) return false;
  out.entries.pop_back();
  return true;
}

}  // namespace

absl::StatusOr<HandoffRows> ListHandoffs(Transaction& db, int page_size,
                                         std::string_view page_token) {
  if (page_size < 0 || page_size > kPageMost) {
    return Refusal(absl::StatusCode::kInvalidArgument, "PAGE_SIZE_INVALID",
                   Problem("page_size", "out of range", absl::StrCat(page_size), "0 to 1,000"));
  }
  WS_ASSIGN_OR_RETURN(Place place, ReadToken(page_token));
  const size_t size = static_cast<size_t>(page_size == 0 ? kPageMost : page_size);
  HandoffRows out;
  WS_ASSIGN_OR_RETURN(bool more, Append(db, place, size, out));
  if (!more && place.list == kSent) {
    place = {kReceived, 0};
    const size_t before = out.entries.size();
    WS_ASSIGN_OR_RETURN(more, Append(db, place, size, out));
    if (more && out.entries.size() == before) {
      // The page is full of what was sent; the next begins with the other list.
      out.next_page_token = absl::StrCat(std::string(1, kReceived), 0);
      return out;
    }
  }
  if (more) {
    out.next_page_token = absl::StrCat(std::string(1, place.list), out.entries.back().position());
  }
  return out;
}

}  // namespace waystation::agency
