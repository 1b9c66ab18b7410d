#include "tools/waystation/record_line.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "common/evidence/message.h"
#include "tools/waystation/output.h"
#include "tools/waystation/text.h"

namespace waystation::cli {
namespace {

using journal::v1::Record;

struct What {
  std::string what;
  std::string who;
};

std::string Number(size_t count, const char* noun) {
  return absl::StrCat(count, " ", noun, count == 1 ? "" : "s");
}

What AcceptedWords(const journal::v1::Accepted& accepted) {
  auto header = evidence::ParseHeader(accepted.header());
  if (!header.ok()) return {"accepted", "unreadable header"};
  std::string to;
  for (const std::string& recipient : header->recipients()) {
    absl::StrAppend(&to, to.empty() ? "" : ", ", ShortIdentity(recipient));
  }
  std::string what = absl::StrCat("accepted ", header->type());
  if (header->has_referral()) {
    what = absl::StrCat("accepted ", Words(header->referral().transition()), " of ",
                        FormatReferralId(header->referral().referral_id()));
  }
  return {what, absl::StrCat(ShortIdentity(header->source()), " to ", to)};
}

What RefusedWords(const journal::v1::Refused& refused) {
  return {absl::StrCat("refused ", refused.reason(), " at ", refused.stage(),
                       refused.count() > 1 ? absl::StrCat(", ", refused.count(), " times") : ""),
          ShortIdentity(refused.peer())};
}

What DeliveryWords(const Record& record) {
  switch (record.kind_case()) {
    case Record::kLeased:
      return {absl::StrCat("leased ", Number(record.leased().sequences_size(), "message")),
              ShortIdentity(record.leased().queue())};
    case Record::kDelivered:
      return {absl::StrCat("delivered ", Number(record.delivered().receipts_size(), "receipt")),
              ShortIdentity(record.delivered().queue())};
    case Record::kGivenBack:
      return {absl::StrCat("given back ", record.given_back().reason()),
              ShortIdentity(record.given_back().queue())};
    case Record::kLeaseExtended:
      return {"lease extended", ShortIdentity(record.lease_extended().queue())};
    case Record::kExpired:
      return {absl::StrCat("expired message ", record.expired().sequence()),
              ShortIdentity(record.expired().queue())};
    default:
      return {absl::StrCat("redriven ", Number(record.redriven().sequences_size(), "message")),
              ShortIdentity(record.redriven().operator_())};
  }
}

What WordsOf(const Record& record) {
  switch (record.kind_case()) {
    case Record::kGenesis:
      return {"genesis",
              absl::StrCat(record.genesis().directory().identities_size(), " identities")};
    case Record::kEpochOpened:
      return {absl::StrCat("epoch ", record.epoch_opened().epoch(), " opened"),
              ShortIdentity(record.epoch_opened().broker())};
    case Record::kAccepted:
      return AcceptedWords(record.accepted());
    case Record::kRefused:
      return RefusedWords(record.refused());
    case Record::kCustodySigned:
      return {"custody signed", ""};
    case Record::KIND_NOT_SET:
      return {"a kind that this command does not know", ""};
    default:
      return DeliveryWords(record);
  }
}

}  // namespace

std::string RecordLine(const Record& record) {
  const What words = WordsOf(record);
  const absl::Time time = absl::FromUnixMicros(record.time_us());
  return Printable(absl::StrFormat(
      "%8d  %s  %-62s  %s", record.sequence(),
      absl::FormatTime("%Y-%m-%d %H:%M:%E3SZ", time, absl::UTCTimeZone()), words.what, words.who));
}

}  // namespace waystation::cli
