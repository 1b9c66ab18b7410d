#include "services/audit/rules/audit_fold.h"

#include <utility>

namespace waystation::audit {

using journal::v1::Record;

AuditFold::AuditFold(Rules rules)
    : rules_(std::move(rules)),
      referrals_(rules_),
      deliveries_(rules_),
      refusals_(rules_),
      bus_(rules_),
      compliance_(rules_) {}

void AuditFold::Apply(const Record& record, const bus::v1::Header* header,
                      const RecordFacts& facts) {
  const uint64_t sequence = record.sequence();
  const int64_t time_us = record.time_us();
  if (record.has_epoch_opened()) bus_.SetBroker(record.epoch_opened().broker());
  bus_.OnRecordTime(sequence, time_us, facts.now_us, &out_);
  for (const Signed& one : SignaturesOf(record, header, bus_.broker())) {
    bus_.OnSigned(one.certificate_sha256, one.signer, sequence, time_us, &out_);
  }
  switch (record.kind_case()) {
    case Record::kAccepted:
      if (header == nullptr) return;
      bus_.OnAccepted(*header, sequence, time_us, &out_);
      deliveries_.OnAccepted(*header, sequence);
      referrals_.OnAccepted(*header, sequence, time_us, bus_.broker(), &out_);
      return;
    case Record::kLeased:
      return deliveries_.OnLeased(record.leased(), sequence, time_us);
    case Record::kDelivered:
      for (const std::string& referral :
           deliveries_.OnDelivered(record.delivered(), sequence, time_us, &out_)) {
        referrals_.OnReceived(referral, sequence, time_us, &out_);
      }
      return;
    case Record::kGivenBack:
      return deliveries_.OnGivenBack(record.given_back(), sequence, time_us, &out_);
    case Record::kRedriven:
      return deliveries_.OnRedriven(record.redriven(), sequence, time_us, &out_);
    case Record::kExpired:
      // Without a queue it is the referral that expired.
      if (!record.expired().queue().empty()) {
        return deliveries_.OnExpired(record.expired(), sequence, time_us, &out_);
      }
      return referrals_.OnExpired(record.expired().sequence(), sequence, time_us, &out_);
    case Record::kRefused:
      if (facts.is_incomplete && IsMismatchedStep(record.refused())) return;
      return refusals_.OnRefused(record.refused(), facts.known, sequence, time_us, &out_);
    default:
      return;
  }
}

void AuditFold::OnTime(int64_t now_us) {
  if (now_us <= time_us_) return;
  time_us_ = now_us;
  referrals_.OnTime(now_us, &out_);
  deliveries_.OnTime(now_us, &out_);
  refusals_.OnTime(now_us);
  compliance_.OnTime(now_us, &out_);
}

FoldChanges AuditFold::TakeChanges() {
  FoldChanges changes;
  referrals_.TakeChanges(&changes.rows);
  deliveries_.TakeChanges(&changes.rows);
  refusals_.TakeChanges(&changes.rows);
  bus_.TakeChanges(&changes.rows);
  compliance_.TakeChanges(&changes.rows);
  changes.findings = out_.Take();
  return changes;
}

absl::Status AuditFold::Restore(const RowChange& row) {
  switch (row.kind) {
    case RowKind::kReferral:
      return referrals_.Restore(row.key, *row.bytes);
    case RowKind::kDelivery:
      return deliveries_.Restore(row.key, *row.bytes);
    case RowKind::kRefusal:
      return refusals_.Restore(row.key, *row.bytes);
    case RowKind::kCertificate:
    case RowKind::kCosigner:
    case RowKind::kBroker:
      return bus_.Restore(row.kind, row.key, *row.bytes);
    case RowKind::kDuties:
    case RowKind::kCertification:
    case RowKind::kCap:
      return compliance_.Restore(row.kind, row.key, *row.bytes);
  }
  return absl::DataLossError("audit store: a row of an unknown kind");
}

std::vector<Signed> SignaturesOf(const Record& record, const bus::v1::Header* header,
                                 const std::string& broker) {
  if (record.has_accepted() && header != nullptr) {
    return {{record.accepted().certificate_sha256(), header->source()}};
  }
  if (record.has_delivered()) {
    return {{record.delivered().certificate_sha256(), record.delivered().queue()}};
  }
  if (record.has_custody_signed()) return {{record.custody_signed().certificate_sha256(), broker}};
  return {};
}

}  // namespace waystation::audit
