#include "services/audit/rules/bus_watch.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/agency/time_proto.h"
#include "common/crypto/sha256.h"
#include "common/status/status.h"

namespace waystation::audit {
namespace {

// Half an hour of a sender's clock in advance is as wrong as a week behind: what
// waited in an outbox is late, what comes from the future is not.
constexpr int64_t kMessageAheadUs = 30 * 60 * int64_t{1'000'000};
constexpr std::string_view kOneBroker;
constexpr std::string_view kJournal = "journal";
constexpr std::string_view kLog = "log";

std::string Seconds(int64_t us) {
  return absl::FormatDuration(absl::Trunc(absl::Microseconds(us), absl::Seconds(1)));
}

}  // namespace

const std::string& BusWatch::broker() const {
  static const std::string& none = *new std::string;
  const v1::BrokerRow* row = broker_.Find(kOneBroker);
  return row == nullptr ? none : row->broker();
}

void BusWatch::SetBroker(const std::string& broker) {
  broker_.Change(kOneBroker).set_broker(broker);
}

void BusWatch::OnRecordTime(uint64_t sequence, int64_t time_us, int64_t now_us, Conclusions* out) {
  const v1::BrokerRow* row = broker_.Find(kOneBroker);
  const bool was_ahead = row != nullptr && row->ahead();
  const bool ahead = time_us - now_us > rules_.AfterUs(Rule::kJournalAhead);
  if (ahead == was_ahead) return;
  broker_.Change(kOneBroker).set_ahead(ahead);
  if (!ahead) return;
  // One record stands for all until the clocks agree again.
  out->Raise({.rule = Rule::kJournalAhead,
              .subject = std::string(kJournal),
              .time_us = now_us,
              .parties = {broker()},
              .sequences = {sequence},
              .detail = absl::StrCat("ahead by ", Seconds(time_us - now_us))});
}

void BusWatch::OnAccepted(const bus::v1::Header& header, uint64_t sequence, int64_t time_us,
                          Conclusions* out) {
  const int64_t claimed = absl::ToUnixMicros(agency::FromProtoTime(header.time()));
  const int64_t behind = time_us - claimed;
  if (behind <= rules_.AfterUs(Rule::kMessageTime) && -behind <= kMessageAheadUs) return;
  out->Raise({.rule = Rule::kMessageTime,
              .subject = header.source(),
              .time_us = time_us,
              .referral_id = {},
              .parties = {header.source()},
              .sequences = {sequence},
              .detail = behind > 0 ? absl::StrCat("made ", Seconds(behind), " before it was taken")
                                   : absl::StrCat("made ", Seconds(-behind), " in the future")});
}

void BusWatch::OnSigned(const std::string& certificate_sha256, const std::string& signer,
                        uint64_t sequence, int64_t time_us, Conclusions* out) {
  const v1::CertificateRow* row = certificates_.Find(certificate_sha256);
  if (row == nullptr) certificates_.Change(certificate_sha256).set_signer(signer);
  if (row == nullptr || !row->revoked()) return;
  out->Raise({.rule = Rule::kSignatureCompromised,
              .subject = certificate_sha256,
              .time_us = time_us,
              .parties = {row->signer()},
              .sequences = {sequence},
              .detail = "signed after the certificate was known here as revoked"});
}

void BusWatch::OnRevoked(const std::string& certificate_sha256, std::vector<uint64_t> sequences,
                         uint64_t count, int64_t now_us, Conclusions* out) {
  const v1::CertificateRow* row = certificates_.Find(certificate_sha256);
  if (row == nullptr || row->revoked()) return;
  out->Raise({.rule = Rule::kSignatureCompromised,
              .subject = certificate_sha256,
              .time_us = now_us,
              .parties = {row->signer()},
              .sequences = std::move(sequences),
              .sequence_count = count,
              .detail = absl::StrCat("certificate ", crypto::Hex(certificate_sha256), " of ",
                                     row->signer(), " is revoked")});
  certificates_.Change(certificate_sha256).set_revoked(true);
}

void BusWatch::OnLogSeen(const LogSeen& seen, int64_t now_us, Conclusions* out) {
  EndLogMissing(now_us, out);
  for (const auto& [cosigner, size] : seen.cosigned) {
    JudgeCosigner(cosigner, size, seen.size, now_us, out);
  }
}

void BusWatch::JudgeCosigner(const std::string& cosigner, uint64_t cosigned, uint64_t newest,
                             int64_t now_us, Conclusions* out) {
  const v1::CosignerRow* row = cosigners_.Find(cosigner);
  const v1::CosignerRow before = row == nullptr ? v1::CosignerRow() : *row;
  const uint64_t size = std::max(cosigned, before.size());
  const bool behind = newest > size;
  // Behind a log that grows every second is whoever stands still, not whoever is
  // one checkpoint late.
  const bool moved = size > before.size();
  if (moved || (behind && before.behind_us() == 0) || (!behind && before.behind_us() != 0)) {
    v1::CosignerRow& changed = cosigners_.Change(cosigner);
    changed.set_size(size);
    changed.set_behind_us(behind ? now_us : 0);
  }
  if (before.found() && (moved || !behind)) {
    out->End(Rule::kCosignerBehind, cosigner, now_us,
             absl::StrCat("ended by the log: it cosigned size ", size), 0);
    cosigners_.Change(cosigner).set_found(false);
    return;
  }
  const int64_t since_us = moved ? now_us : before.behind_us();
  if (!behind || before.found() || since_us == 0) return;
  if (now_us - since_us < rules_.AfterUs(Rule::kCosignerBehind)) return;
  out->Raise({.rule = Rule::kCosignerBehind,
              .subject = cosigner,
              .time_us = now_us,
              .parties = {cosigner},
              .detail = absl::StrCat("cosigned up to size ", size, ", the log has ", newest)});
  cosigners_.Change(cosigner).set_found(true);
}

void BusWatch::OnNoLog(int64_t now_us, Conclusions* out) {
  const v1::BrokerRow* row = broker_.Find(kOneBroker);
  if (row == nullptr || row->log_missing_us() == 0) {
    broker_.Change(kOneBroker).set_log_missing_us(now_us);
    return;
  }
  if (row->log_missing_found()) return;
  if (now_us - row->log_missing_us() < rules_.AfterUs(Rule::kLogMissing)) return;
  out->Raise(
      {.rule = Rule::kLogMissing,
       .subject = std::string(kLog),
       .time_us = now_us,
       .parties = {broker()},
       .detail = "no checkpoint was shown since " +
                 absl::FormatTime("%Y-%m-%d %H:%M:%SZ", absl::FromUnixMicros(row->log_missing_us()),
                                  absl::UTCTimeZone())});
  broker_.Change(kOneBroker).set_log_missing_found(true);
}

void BusWatch::EndLogMissing(int64_t now_us, Conclusions* out) {
  const v1::BrokerRow* row = broker_.Find(kOneBroker);
  if (row == nullptr || row->log_missing_us() == 0) return;
  if (row->log_missing_found()) {
    out->End(Rule::kLogMissing, std::string(kLog), now_us, "ended by the log: it is shown", 0);
  }
  v1::BrokerRow& changed = broker_.Change(kOneBroker);
  changed.set_log_missing_us(0);
  changed.set_log_missing_found(false);
}

void BusWatch::OnSplit(const std::string& detail, std::vector<uint64_t> sequences, int64_t now_us,
                       Conclusions* out) {
  out->Raise({.rule = Rule::kLogSplit,
              .subject = std::string(kLog),
              .time_us = now_us,
              .parties = {broker()},
              .sequences = std::move(sequences),
              .detail = detail});
}

void BusWatch::OnInconsistent(const std::string& detail, std::vector<uint64_t> sequences,
                              int64_t now_us, Conclusions* out) {
  out->Raise({.rule = Rule::kLogInconsistent,
              .subject = std::string(kLog),
              .time_us = now_us,
              .parties = {broker()},
              .sequences = std::move(sequences),
              .detail = detail});
}

void BusWatch::TakeChanges(std::vector<RowChange>* out) {
  broker_.TakeChanges(out);
  certificates_.TakeChanges(out);
  cosigners_.TakeChanges(out);
}

absl::Status BusWatch::Restore(RowKind kind, const std::string& key, const std::string& bytes) {
  if (kind == RowKind::kBroker) return broker_.Restore(key, bytes);
  if (kind == RowKind::kCertificate) return certificates_.Restore(key, bytes);
  return cosigners_.Restore(key, bytes);
}

}  // namespace waystation::audit
