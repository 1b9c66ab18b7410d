#include <utility>

#include "common/limits/limits.h"
#include "common/status/status.h"
#include "tests/e2e/refusal_rows.h"

namespace waystation::harness {
namespace {

using absl::StatusCode;

absl::Status PublishDoj(RefusalWorld& world, const bus::v1::SignedMessage& message) {
  return Publish(world.doj_channel, message).status();
}

// Publishes a case message of an agency on the open referral, changed.
std::function<absl::Status(RefusalWorld&)> StepWith(
    std::string_view path, types::v1::Transition transition, uint64_t expected_version,
    std::function<void(bus::v1::Header*)> change = [](bus::v1::Header*) {}) {
  return [=](RefusalWorld& world) {
    const Drafts& drafts = path == kIns ? world.ins : path == kHhs ? world.hhs : world.doj;
    std::string_view to = path == kDoj ? kIns : kDoj;
    bus::v1::Header header = drafts.Case(to, world.referral_id, transition, expected_version);
    change(&header);
    std::string payload = world.doj.Seal("step", kIns);
    return Publish(world.bus.Channel(path), drafts.Sign(header, payload)).status();
  };
}

}  // namespace

std::vector<Row> CaseRows() {
  using namespace types::v1;  // NOLINT: names of transitions.
  return {
      {.name = "illegal transition",
       .send = StepWith(kIns, TRANSITION_ANSWER, 1),
       .code = StatusCode::kFailedPrecondition,
       .reason = "ILLEGAL_TRANSITION",
       .peer = "/agency/ins",
       .words = {"answer", "target", "requested"}},
      {.name = "transition that no message may carry",
       .send = StepWith(kIns, TRANSITION_RECEIVED, 1),
       .code = StatusCode::kInvalidArgument,
       .reason = "ILLEGAL_TRANSITION",
       .peer = "/agency/ins"},
      {.name = "stale version",
       .send = StepWith(kIns, TRANSITION_TAKE_UP, 7),
       .code = StatusCode::kAborted,
       .reason = "STALE_VERSION",
       .peer = "/agency/ins",
       .words = {"7", "1"}},
      {.name = "wrong scope version",
       .send = StepWith(kIns, TRANSITION_TAKE_UP, 1,
                        [](auto* h) { h->mutable_referral()->set_scope_version(3); }),
       .code = StatusCode::kFailedPrecondition,
       .reason = "SCOPE_VERSION",
       .peer = "/agency/ins",
       .words = {"3", "1"}},
      {.name = "request for a referral that is there",
       .send = StepWith(kDoj, TRANSITION_REQUEST, 0),
       .code = StatusCode::kFailedPrecondition,
       .reason = "ILLEGAL_TRANSITION"},
      {.name = "step on a referral of others",
       .send = StepWith(kHhs, TRANSITION_TAKE_UP, 1),
       .code = StatusCode::kPermissionDenied,
       .reason = "NOT_A_PARTY",
       .peer = "/agency/hhs"},
      {.name = "request with the id of others' referral",
       .send = StepWith(kHhs, TRANSITION_REQUEST, 0),
       .code = StatusCode::kAlreadyExists,
       .reason = "REFERRAL_EXISTS",
       .peer = "/agency/hhs"},
      {.name = "unknown referral",
       .send = StepWith(kIns, TRANSITION_TAKE_UP, 1,
                        [](auto* h) { h->mutable_referral()->set_referral_id(NewReferralId()); }),
       .code = StatusCode::kNotFound,
       .reason = "UNKNOWN_REFERRAL",
       .peer = "/agency/ins"},
      {.name = "clear-text subject on a case",
       .send = StepWith(kIns, TRANSITION_TAKE_UP, 1, [](auto* h) { h->set_subject("continued"); }),
       .code = StatusCode::kInvalidArgument,
       .reason = "SUBJECT_ON_CASE",
       .peer = "/agency/ins",
       .words = {"subject", "got 9 bytes", "want none"}},
      {.name = "case with a media type that is not encrypted",
       .send = StepWith(kIns, TRANSITION_TAKE_UP, 1,
                        [](auto* h) { h->set_datacontenttype("text/plain"); }),
       .code = StatusCode::kInvalidArgument,
       .reason = "PAYLOAD_NOT_ENCRYPTED",
       .peer = "/agency/ins",
       .words = {"text/plain"}},
      {.name = "case whose payload is in clear",
       .send =
           [](auto& w) {
             auto header = w.doj.Case(kIns, NewReferralId(), TRANSITION_REQUEST, 0);
             return PublishDoj(w, w.doj.Sign(header, "the petition in clear"));
           },
       .code = StatusCode::kInvalidArgument,
       .reason = "PAYLOAD_NOT_ENCRYPTED"},
      {.name = "case without a referral",
       .send = StepWith(kDoj, TRANSITION_REQUEST, 0, [](auto* h) { h->clear_referral(); }),
       .code = StatusCode::kInvalidArgument,
       .reason = "REFERRAL_MISSING"},
      {.name = "referral on a report",
       .send = StepWith(kDoj, TRANSITION_REQUEST, 0, [](auto* h) { h->set_type(kReportType); }),
       .code = StatusCode::kInvalidArgument,
       .reason = "REFERRAL_ON_NON_CASE"},
      {.name = "commitment that is not opened",
       .send = StepWith(kDoj, TRANSITION_REQUEST, 0,
                        [](auto* h) {
                          h->mutable_referral()->set_referral_id(NewReferralId());
                          h->mutable_referral()->set_parent_commitment(std::string(32, 'c'));
                        }),
       .code = StatusCode::kInvalidArgument,
       .reason = "LINK_INVALID"},
  };
}

std::vector<Row> ReceiptRows() {
  auto frame_row = [](std::function<bus::v1::StreamingPullRequest(RefusalWorld&)> make) {
    return [make](RefusalWorld& w) { return w.PullFrame(w.ins_channel, w.ins, make(w)); };
  };
  auto receipt_row = [&](std::function<void(bus::v1::DeliveryReceipt*)> change) {
    return frame_row([change](RefusalWorld& w) { return w.ReceiptFrame(change); });
  };
  return {
      {.name = "receipt signed by another agency",
       .send = frame_row([](RefusalWorld& w) {
         bus::v1::StreamingPullRequest frame;
         *frame.add_receipts() = w.doj.SignReceipts({w.ins.Receipt(w.delivery)});
         return frame;
       }),
       .code = StatusCode::kUnauthenticated,
       .reason = "CERTIFICATE_UNKNOWN",
       .stage = "receipt",
       .peer = "/agency/ins"},
      {.name = "forged receipt",
       .send = frame_row([](RefusalWorld& w) {
         auto frame = w.ReceiptFrame([](auto*) {});
         auto& batch = *frame.mutable_receipts(0);
         batch.set_signature(w.doj.SignReceipts({w.ins.Receipt(w.delivery)}).signature());
         return frame;
       }),
       .code = StatusCode::kUnauthenticated,
       .reason = "SIGNATURE_INVALID",
       .stage = "receipt",
       .peer = "/agency/ins"},
      {.name = "receipt altered after signing",
       .send = frame_row([](RefusalWorld& w) {
         auto frame = w.ReceiptFrame([](auto*) {});
         frame.mutable_receipts(0)->mutable_receipts(0)->back() ^= 1;
         return frame;
       }),
       .code = StatusCode::kUnauthenticated,
       .reason = "BATCH_PATH_INVALID",
       .stage = "receipt",
       .peer = "/agency/ins"},
      {.name = "receipt in the name of another",
       .send = receipt_row([](auto* r) { r->set_recipient(cli::DevIdentity(kDoj)); }),
       .code = StatusCode::kInvalidArgument,
       .reason = "RECEIPT_MISMATCH",
       .stage = "receipt",
       .peer = "/agency/ins",
       .words = {"recipient", "/agency/doj", "/agency/ins"}},
      {.name = "receipt of another envelope",
       .send = receipt_row([](auto* r) { (*r->mutable_envelope_hash())[0] ^= 1; }),
       .code = StatusCode::kInvalidArgument,
       .reason = "RECEIPT_MISMATCH",
       .stage = "receipt",
       .peer = "/agency/ins"},
      {.name = "receipt of an attempt that was never made",
       .send = receipt_row([](auto* r) { r->set_attempt(9); }),
       .code = StatusCode::kFailedPrecondition,
       .reason = "STALE_ATTEMPT",
       .stage = "receipt",
       .peer = "/agency/ins",
       .words = {"9", "1"}},
      {.name = "receipt of a message that never was",
       .send =
           receipt_row([](auto* r) { r->set_message_id("01890000-0000-7000-8000-000000000001"); }),
       .code = StatusCode::kNotFound,
       .reason = "UNKNOWN_MESSAGE",
       .stage = "receipt",
       .peer = "/agency/ins"},
      {.name = "receipt of a message of others",
       .send =
           [](RefusalWorld& w) {
             bus::v1::StreamingPullRequest frame;
             *frame.add_receipts() = w.doj.SignReceipts({w.doj.Receipt(w.delivery)});
             return w.PullFrame(w.doj_channel, w.doj, frame);
           },
       .code = StatusCode::kNotFound,
       .reason = "UNKNOWN_MESSAGE",
       .stage = "receipt",
       .words = {"the bus never had this message"}},
      {.name = "receipt of another envelope of a message of others",
       .send =
           [](RefusalWorld& w) {
             bus::v1::DeliveryReceipt receipt = w.doj.Receipt(w.delivery);
             (*receipt.mutable_envelope_hash())[0] ^= 1;
             bus::v1::StreamingPullRequest frame;
             *frame.add_receipts() = w.doj.SignReceipts({receipt});
             return w.PullFrame(w.doj_channel, w.doj, frame);
           },
       .code = StatusCode::kNotFound,
       .reason = "UNKNOWN_MESSAGE",
       .stage = "receipt",
       .words = {"the bus never had this message"}},
      {.name = "nack with free text as reason",
       .send = frame_row([](RefusalWorld& w) {
         bus::v1::StreamingPullRequest frame;
         frame.add_nacks()->set_message_id(HeaderOf(w.delivered_message).id());
         frame.mutable_nacks(0)->set_attempt(1);
         frame.mutable_nacks(0)->set_reason("the person was not at home");
         return frame;
       }),
       .code = StatusCode::kInvalidArgument,
       .reason = "FRAME_LIMIT",
       .stage = "call",
       .peer = "/agency/ins",
       .words = {"UPPER_SNAKE"}},
      {.name = "nack of an attempt that is not the present one",
       .send = frame_row([](RefusalWorld& w) {
         bus::v1::StreamingPullRequest frame;
         frame.add_nacks()->set_message_id(HeaderOf(w.delivered_message).id());
         frame.mutable_nacks(0)->set_attempt(9);
         frame.mutable_nacks(0)->set_reason("BUSY");
         return frame;
       }),
       .code = StatusCode::kFailedPrecondition,
       .reason = "STALE_ATTEMPT",
       .stage = "receipt",
       .peer = "/agency/ins"},
      {.name = "pull that does not open",
       .send =
           [](auto& w) {
             return w.PullFrame(w.ins_channel, w.ins, w.ReceiptFrame([](auto*) {}), false);
           },
       .code = StatusCode::kInvalidArgument,
       .reason = "PULL_NOT_OPENED",
       .stage = "call",
       .peer = "/agency/ins"},
      {.name = "pull without credit",
       .send =
           [](auto& w) {
             bus::v1::StreamingPullRequest open;
             open.mutable_open()->set_client_id("x");
             return w.PullFrame(w.ins_channel, w.ins, open, false);
           },
       .code = StatusCode::kInvalidArgument,
       .reason = "FRAME_LIMIT",
       .stage = "call",
       .peer = "/agency/ins",
       .words = {"flow_control"}},
  };
}

}  // namespace waystation::harness
