#include "tools/waystation/history.h"

#include <algorithm>

#include "common/evidence/content_types.h"
#include "common/evidence/message.h"
#include "common/evidence/receipt.h"
#include "common/status/status.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/text.h"

namespace waystation::cli {
namespace {

using types::v1::TRANSITION_EXPIRE;
using types::v1::TRANSITION_RECEIVED;

absl::Status Mismatch(std::string_view thing, std::string_view got, std::string_view want) {
  return Unverified(Problem(thing, "does not match", got, want));
}

// What the ledger says of a message, against what its sender signed.
absl::Status CheckClaims(const bus::v1::HistoryEntry& entry, const bus::v1::Header& header,
                         std::string_view referral_id) {
  const bus::v1::ReferralHeader& referral = header.referral();
  if (header.source() != entry.actor()) {
    return Mismatch("actor", Quoted(entry.actor()), Quoted(header.source()));
  }
  if (referral.referral_id() != referral_id) {
    return Mismatch("referral", FormatReferralId(referral.referral_id()),
                    FormatReferralId(referral_id));
  }
  if (referral.transition() != entry.transition()) {
    return Mismatch("transition", Words(entry.transition()), Words(referral.transition()));
  }
  if (referral.expected_version() >= entry.version()) {
    return Mismatch("version", absl::StrCat(entry.version()),
                    absl::StrCat("more than ", referral.expected_version()));
  }
  return absl::OkStatus();
}

v1::VerifiedStep StepOf(const bus::v1::HistoryEntry& entry) {
  v1::VerifiedStep step;
  step.set_sequence(entry.sequence());
  *step.mutable_time() = entry.time();
  step.set_transition(entry.transition());
  step.set_state(entry.state());
  step.set_version(entry.version());
  step.set_actor(entry.actor());
  if (entry.has_message()) {
    step.set_certificate_sha256(crypto::Hex(entry.message().signature().certificate_sha256()));
  }
  return step;
}

void Count(const absl::Status& status, std::string_view thing, v1::VerifiedStep* step) {
  if (status.ok()) {
    step->set_verified(step->verified() + 1);
  } else {
    step->add_problems(absl::StrCat(Absl(thing), ": ", status.message()));
  }
}

// A step without a message stands on the target's receipt for the request, or
// is the broker's own when time ran out.
absl::Status CheckSilentStep(const v1::VerifiedStep& step,
                             const std::vector<v1::VerifiedStep>& steps) {
  if (step.transition() == TRANSITION_EXPIRE) return absl::OkStatus();
  if (step.transition() != TRANSITION_RECEIVED &&
      step.transition() != types::v1::TRANSITION_UNSPECIFIED) {
    return Unverified(Problem("step", "no message carries it", Words(step.transition()),
                              "a message signed by the actor"));
  }
  auto signed_by_actor = [&](const v1::VerifiedStep& other) {
    return std::any_of(other.receipts().begin(), other.receipts().end(),
                       [&](const auto& r) { return r.recipient() == step.actor(); });
  };
  if (std::any_of(steps.begin(), steps.end(), signed_by_actor)) return absl::OkStatus();
  return Unverified(
      Problem("delivery receipt", "missing", "none", "one signed by " + Quoted(step.actor())));
}

}  // namespace

absl::Status HistoryVerifier::CheckChain(std::string_view signer,
                                         std::string_view certificate_sha256, absl::Time at) const {
  auto digest = crypto::DigestFrom(certificate_sha256);
  const crypto::Certificate* certificate =
      digest.has_value() ? directory_->FindSigning(signer, *digest) : nullptr;
  if (certificate == nullptr) return Unverified("certificate: not enrolled for the signer");
  const crypto::TrustVerdict verdict = trust_.Check(*certificate, {}, crypto::KeyUse::kSign, at);
  if (verdict.ok()) return absl::OkStatus();
  return Unverified(Problem("certificate of " + Quoted(signer), verdict.text,
                            std::string(TrustProblemName(verdict.problem)),
                            "a certificate that was good at " + TimeText(at)));
}

absl::Status HistoryVerifier::CheckMessage(const bus::v1::HistoryEntry& entry,
                                           std::string_view referral_id,
                                           KnownMessages* known) const {
  const bus::v1::SignedMessage& message = entry.message();
  WS_ASSIGN_OR_RETURN(bus::v1::Header header, evidence::ParseHeader(message.header()));
  WS_RETURN_IF_ERROR(verifier_.Verify(evidence::kHeaderContent, message.header(),
                                      message.signature(), header.source()));
  WS_RETURN_IF_ERROR(CheckClaims(entry, header, referral_id));
  const absl::Time accepted = FromProto(entry.time());
  WS_RETURN_IF_ERROR(
      CheckChain(header.source(), message.signature().certificate_sha256(), accepted));
  const std::string id = header.id();
  (*known)[id] = {evidence::EnvelopeHash(message.header()), std::move(header), accepted};
  return absl::OkStatus();
}

absl::Status HistoryVerifier::CheckCustody(const bus::v1::HistoryEntry& entry,
                                           const KnownMessages& known) const {
  WS_ASSIGN_OR_RETURN(bus::v1::Header header, evidence::ParseHeader(entry.message().header()));
  auto message = known.find(header.id());
  if (message == known.end()) return Unverified("its message did not verify");
  WS_ASSIGN_OR_RETURN(
      auto receipt, evidence::VerifyCustodyReceipt(verifier_, entry.custody_receipt(), bus_.broker,
                                                   header.id(), message->second.envelope_hash));
  if (receipt.sequence() != entry.sequence()) {
    return Mismatch("sequence", absl::StrCat(entry.sequence()), absl::StrCat(receipt.sequence()));
  }
  if (FromProto(receipt.accept_time()) != message->second.accepted) {
    return Mismatch("accept time", TimeText(entry.time()), TimeText(receipt.accept_time()));
  }
  if (receipt.certificate_sha256() != entry.message().signature().certificate_sha256()) {
    return Mismatch("signing certificate", crypto::Hex(receipt.certificate_sha256()),
                    "the one that signed the message");
  }
  if (receipt.bus_id() != bus_.bus_id) {
    return Mismatch("bus", crypto::Hex(receipt.bus_id()), crypto::Hex(bus_.bus_id));
  }
  return CheckChain(bus_.broker, entry.custody_receipt().signature().certificate_sha256(),
                    message->second.accepted);
}

absl::Status HistoryVerifier::CheckDelivery(const bus::v1::SignedReceipt& signed_receipt,
                                            const KnownMessages& known,
                                            v1::VerifiedStep* step) const {
  WS_ASSIGN_OR_RETURN(auto receipt, evidence::ParseDeliveryReceipt(signed_receipt.receipt()));
  auto message = known.find(receipt.message_id());
  if (message == known.end() ||
      receipt.envelope_hash() != crypto::AsBytes(message->second.envelope_hash)) {
    return Mismatch("message", Quoted(receipt.message_id()), "a verified message of the referral");
  }
  const auto& recipients = message->second.header.recipients();
  if (std::find(recipients.begin(), recipients.end(), receipt.recipient()) == recipients.end()) {
    return Mismatch("recipient", Quoted(receipt.recipient()), "a recipient of the message");
  }
  WS_RETURN_IF_ERROR(verifier_.Verify(evidence::kDeliveryReceiptContent, signed_receipt.receipt(),
                                      signed_receipt.signature(), receipt.recipient()));
  // The receiver's clock is a claim; it cannot have received before acceptance.
  const absl::Time at = std::max(FromProto(receipt.time()), message->second.accepted);
  WS_RETURN_IF_ERROR(
      CheckChain(receipt.recipient(), signed_receipt.signature().certificate_sha256(), at));
  v1::VerifiedReceipt* verified = step->add_receipts();
  verified->set_recipient(receipt.recipient());
  verified->set_outcome(receipt.outcome());
  *verified->mutable_time() = receipt.time();
  return absl::OkStatus();
}

void HistoryVerifier::VerifyEntry(const bus::v1::HistoryEntry& entry, std::string_view referral_id,
                                  KnownMessages* known, v1::VerifiedStep* step) const {
  if (entry.has_message()) {
    Count(CheckMessage(entry, referral_id, known), "message", step);
    Count(CheckCustody(entry, *known), "custody receipt", step);
  }
  for (const bus::v1::SignedReceipt& receipt : entry.delivery_receipts()) {
    Count(CheckDelivery(receipt, *known, step), "delivery receipt", step);
  }
}

std::vector<v1::VerifiedStep> HistoryVerifier::Verify(
    const bus::v1::GetReferralHistoryResponse& history, std::string_view referral_id) const {
  std::vector<v1::VerifiedStep> steps;
  KnownMessages known;
  uint64_t version = 0;
  for (const bus::v1::HistoryEntry& entry : history.entries()) {
    v1::VerifiedStep step = StepOf(entry);
    VerifyEntry(entry, referral_id, &known, &step);
    if (entry.version() < version || entry.version() > version + 1) {
      step.add_problems(absl::StrCat("version: a step is missing, got ", entry.version(), ", want ",
                                     version + 1));
    }
    version = entry.version();
    steps.push_back(std::move(step));
  }
  for (size_t i = 0; i < steps.size(); ++i) {
    if (history.entries(static_cast<int>(i)).has_message()) continue;
    if (absl::Status status = CheckSilentStep(steps[i], steps); !status.ok()) {
      steps[i].add_problems(std::string(status.message()));
    }
  }
  return steps;
}

absl::Status AllVerified(const std::vector<v1::VerifiedStep>& steps) {
  if (steps.empty()) return Unverified("history: empty, want at least the request");
  for (const v1::VerifiedStep& step : steps) {
    if (step.problems_size() == 0) continue;
    return WithNext(
        Unverified(absl::StrCat("history: step ", step.version(), " (record ", step.sequence(),
                                ") does not verify: ", step.problems(0))),
        "waystation doctor");
  }
  return absl::OkStatus();
}

}  // namespace waystation::cli
