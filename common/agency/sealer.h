#ifndef WAYSTATION_COMMON_AGENCY_SEALER_H_
#define WAYSTATION_COMMON_AGENCY_SEALER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/agency/bus.h"
#include "common/agency/case.h"
#include "common/agency/config.h"
#include "common/agency/memo.h"
#include "common/clock/clock.h"
#include "common/evidence/directory.h"
#include "common/ids/random.h"
#include "common/ids/uuid.h"

namespace waystation::agency {

// A case message before it is sealed. The content's sender, recipients,
// referral_id and transition are filled in here.
struct Draft {
  std::string target;       // Identity of the other party.
  std::string referral_id;  // 16 bytes.
  Transition transition = types::v1::TRANSITION_UNSPECIFIED;
  uint64_t expected_version = 0;
  uint32_t scope_version = 1;
  CaseContent content;
  std::optional<absl::Time> due_time;
  std::optional<absl::Time> expire_time;
  std::string in_reply_to;
  std::string parent_referral_id;
  std::string replaces_referral_id;
};

// A message as it will travel, however often it is sent.
struct SealedMessage {
  bus::v1::SignedMessage message;
  std::string message_id;
  CaseContent content;
};

// Makes final bytes of case messages and memos, and opens those that came: the one
// place where the agency's keys meet a case.
//
// Thread-safe.
class Sealer {
 public:
  Sealer(const Identity& identity, const Clock& clock, RandomSource random);

  // Encrypts once and signs once. Errors: INVALID_ARGUMENT (CONTENT_MALFORMED,
  // PAYLOAD_LIMIT); NOT_FOUND (UNKNOWN_RECIPIENT) not in the directory;
  // UNAVAILABLE (CERTIFICATE_UNKNOWN) their encrypt or recovery certificate or
  // our own archive certificate is missing or not good now.
  absl::StatusOr<SealedMessage> Make(const Draft& draft, const evidence::DirectoryView& directory);

  // The same for a memo. Errors: as `Make`; NOT_FOUND (UNKNOWN_TYPE) the directory
  // has no such memo type.
  absl::StatusOr<bus::v1::SignedMessage> MakeMemo(const MemoDraft& draft,
                                                  const evidence::DirectoryView& directory) const;

  // Opens a payload and checks that it says what the header says.
  // Errors: UNAVAILABLE (KEY_NOT_OURS) not encrypted to the key that we have,
  // which a person can put right; INVALID_ARGUMENT (CONTENT_MALFORMED,
  // CONTENT_NOT_BOUND) and DATA_LOSS never will open.
  absl::StatusOr<CaseContent> Open(const VerifiedDelivery& delivery) const;

  // A memo that came. Errors: UNAVAILABLE (KEY_NOT_OURS); INVALID_ARGUMENT
  // (MEMO_MALFORMED, MEMO_NOT_BOUND) and DATA_LOSS never will open.
  absl::StatusOr<memo::v1::Memo> OpenMemo(const VerifiedDelivery& delivery) const;

  // 16 random bytes.
  std::string NewReferralId() const;
  // UUIDv7 text.
  std::string NewMessageId() { return ids_.Next(); }

 private:
  absl::StatusOr<std::string> Seal(std::string_view plaintext,
                                   const std::vector<std::string>& readers,
                                   const evidence::DirectoryView& directory) const;
  absl::StatusOr<std::string> OpenPayload(const VerifiedDelivery& delivery) const;
  // What the headers of both kinds of message differ in.
  struct Envelope {
    std::string message_id;
    std::string recipient;
    std::string type;
    std::string ordering_key;
  };
  bus::v1::Header HeaderOf(const Envelope& envelope, std::string_view payload) const;
  bus::v1::Header CaseHeader(const Draft& draft, std::string_view payload);
  void Link(const Draft& draft, bus::v1::Header& header, bus::v1::SignedMessage& message) const;

  const Identity& identity_;
  const Clock& clock_;
  const RandomSource random_;
  UuidV7Generator ids_;
};

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_SEALER_H_
