#include "tests/e2e/refusal_rows.h"

#include <utility>

#include "common/limits/limits.h"
#include "common/status/status.h"

namespace waystation::harness {
namespace {

using absl::StatusCode;

absl::Status PublishAs(RefusalWorld& world, const rpc::TlsFiles& files) {
  return Publish(world.bus.Channel(files), world.doj.Sign(world.doj.Report(kIns), "x")).status();
}

absl::Status PublishDoj(RefusalWorld& world, const bus::v1::SignedMessage& message) {
  return Publish(world.doj_channel, message).status();
}

// Publishes a report of doj whose header was changed before signing.
std::function<absl::Status(RefusalWorld&)> ReportWith(std::function<void(bus::v1::Header*)> change,
                                                      const std::string& payload = "x") {
  return [change, payload](RefusalWorld& world) {
    bus::v1::Header header = world.doj.Report(kIns);
    change(&header);
    return PublishDoj(world, world.doj.Sign(header, payload));
  };
}

// Publishes a report of doj that was changed after signing.
std::function<absl::Status(RefusalWorld&)> SignedWith(
    std::function<void(bus::v1::SignedMessage*)> change) {
  return [change](RefusalWorld& world) {
    bus::v1::SignedMessage message = world.doj.Sign(world.doj.Report(kIns), "some payload");
    change(&message);
    return PublishDoj(world, message);
  };
}

}  // namespace

std::vector<Row> IdentityRows() {
  const std::vector<std::string> doj = {cli::DevIdentity(kDoj)};
  return {
      {.name = "certificate of another authority",
       .send = [=](auto& w) { return PublishAs(w, w.strangers.IssueElsewhere(doj)); },
       .code = StatusCode::kUnavailable,
       .reason = "CERTIFICATE_UNTRUSTED",
       .stage = "handshake",
       .words = {"certificate ", "issuer", "another root"}},
      {.name = "expired certificate",
       .send = [=](auto& w) { return PublishAs(w, w.strangers.IssueExpired(doj)); },
       .code = StatusCode::kUnavailable,
       .reason = "CERTIFICATE_EXPIRED",
       .stage = "handshake",
       .words = {"certificate ", "expired", "trusted at"}},
      {.name = "revoked certificate",
       .send =
           [](RefusalWorld& w) {
             absl::Time now = w.bus.clock().Now();
             auto issued = Must(
                 w.bus.layout().pki().Issue({.identity = cli::DevIdentity("/agency/dol")}, now),
                 "issue");
             uint64_t before = Must(GetStatus(w.operator_channel), "status").crl_number();
             Require(w.bus.layout().pki().Revoke(issued.serial, now), "revoke");
             WS_CHECK(Eventually([&] {
               return Must(GetStatus(w.operator_channel), "status").crl_number() > before;
             }));
             return PublishAs(w, w.bus.Files("/agency/dol"));
           },
       .code = StatusCode::kUnavailable,
       .reason = "CERTIFICATE_REVOKED",
       .stage = "handshake",
       .peer = "/agency/dol",
       .words = {"certificate ", "revoked at", "trusted at"}},
      {.name = "no URI SAN",
       .send = [](auto& w) { return PublishAs(w, w.strangers.Issue({})); },
       .code = StatusCode::kUnauthenticated,
       .reason = "IDENTITY_MISSING",
       .stage = "call",
       .peer = "",
       .words = {"URI SAN", "got none", "SPIFFE ID"}},
      {.name = "two URI SANs",
       .send =
           [=](auto& w) {
             return PublishAs(w, w.strangers.Issue({doj[0], cli::DevIdentity(kIns)}));
           },
       .code = StatusCode::kUnauthenticated,
       .reason = "IDENTITY_AMBIGUOUS",
       .stage = "call",
       .words = {"URI SAN", "got 2", "want one"}},
      {.name = "unknown identity",
       .send =
           [](auto& w) {
             return PublishAs(w, w.strangers.Issue({cli::DevIdentity("/agency/usaid")}));
           },
       .code = StatusCode::kUnauthenticated,
       .reason = "IDENTITY_UNKNOWN",
       .stage = "call",
       .peer = "/agency/usaid",
       .words = {"usaid"}},
      {.name = "staff on the bus",
       .send = [](auto& w) { return PublishAs(w, w.bus.Files("/agency/doj/staff/agent-1101")); },
       .code = StatusCode::kUnauthenticated,
       .reason = "IDENTITY_UNKNOWN",
       .stage = "call",
       .peer = "/agency/doj/staff/agent-1101"},
      {.name = "agency asks for what is the operator's",
       .send = [](auto& w) { return GetStatus(w.doj_channel).status(); },
       .code = StatusCode::kPermissionDenied,
       .reason = "POLICY_DENIED",
       .stage = "call"},
      {.name = "operator pulls",
       .send =
           [](auto& w) {
             return w.PullFrame(w.bus.Channel(kOperator), w.ins, bus::v1::StreamingPullRequest());
           },
       .code = StatusCode::kPermissionDenied,
       .reason = "POLICY_DENIED",
       .stage = "call",
       .peer = "/operator"},
  };
}

std::vector<Row> EvidenceRows() {
  return {
      {.name = "source is not the certificate's identity",
       .send = [](auto& w) { return PublishDoj(w, w.ins.Sign(w.ins.Report(kHhs), "x")); },
       .code = StatusCode::kPermissionDenied,
       .reason = "SOURCE_MISMATCH",
       .words = {"source", "/agency/ins", "/agency/doj"}},
      {.name = "forbidden recipient",
       .send = ReportWith([](auto* h) { h->set_recipients(0, cli::DevIdentity(kAuditor)); }),
       .code = StatusCode::kPermissionDenied,
       .reason = "POLICY_DENIED",
       .words = {"/auditor"}},
      {.name = "unsigned",
       .send = SignedWith([](auto* m) { m->clear_signature(); }),
       .code = StatusCode::kInvalidArgument,
       .reason = "SIGNATURE_MISSING",
       .words = {"signature", "0 bytes", "want both"}},
      {.name = "signed with another's key",
       .send =
           [](auto& w) {
             auto message = w.doj.Sign(w.doj.Report(kIns), "x");
             *message.mutable_signature() = w.ins.SignBytes(message.header(), "x").signature();
             return PublishDoj(w, message);
           },
       .code = StatusCode::kUnauthenticated,
       .reason = "CERTIFICATE_UNKNOWN"},
      {.name = "signature of another message",
       .send =
           [](auto& w) {
             auto message = w.doj.Sign(w.doj.Report(kIns), "x");
             *message.mutable_signature() = w.doj.Sign(w.doj.Report(kIns), "x").signature();
             return PublishDoj(w, message);
           },
       .code = StatusCode::kUnauthenticated,
       .reason = "SIGNATURE_INVALID"},
      {.name = "signing certificate revoked",
       .send =
           [](RefusalWorld& w) {
             uint64_t before = Must(GetStatus(w.operator_channel), "status").crl_number();
             Require(w.bus.layout().pki().Revoke(w.hhs.signer().certificate().serial(),
                                                 w.bus.clock().Now()),
                     "revoke");
             WS_CHECK(Eventually([&] {
               return Must(GetStatus(w.operator_channel), "status").crl_number() > before;
             }));
             return Publish(w.bus.Channel(kHhs), w.hhs.Sign(w.hhs.Report(kIns), "x")).status();
           },
       .code = StatusCode::kUnauthenticated,
       .reason = "CERTIFICATE_REVOKED",
       .peer = "/agency/hhs"},
      {.name = "altered payload",
       .send = SignedWith([](auto* m) { (*m->mutable_payload())[3] ^= 1; }),
       .code = StatusCode::kInvalidArgument,
       .reason = "PAYLOAD_MISMATCH",
       .words = {"payload", "12 bytes with another SHA-256", "want 12 bytes"}},
      {.name = "payload cut",
       .send = SignedWith([](auto* m) { m->mutable_payload()->pop_back(); }),
       .code = StatusCode::kInvalidArgument,
       .reason = "PAYLOAD_MISMATCH",
       .words = {"payload", "got 11 bytes", "want 12 bytes"}},
      {.name = "batch path of another leaf",
       .send =
           [](auto& w) {
             auto batch = w.doj.SignBatch({w.doj.Report(kIns), w.doj.Report(kIns)}, "x");
             batch[0].mutable_signature()->mutable_batch()->set_path(
                 batch[1].signature().batch().path());
             return PublishDoj(w, batch[0]);
           },
       .code = StatusCode::kUnauthenticated,
       .reason = "BATCH_PATH_INVALID"},
      {.name = "batch index beyond the batch",
       .send =
           [](auto& w) {
             auto batch = w.doj.SignBatch({w.doj.Report(kIns), w.doj.Report(kIns)}, "x");
             batch[0].mutable_signature()->mutable_batch()->set_leaf_index(2);
             return PublishDoj(w, batch[0]);
           },
       .code = StatusCode::kInvalidArgument,
       .reason = "BATCH_PATH_INVALID"},
      {.name = "same id with other content",
       .send =
           [](auto& w) {
             bus::v1::Header header = HeaderOf(w.delivered_message);
             return PublishDoj(w, w.doj.Sign(header, "another report"));
           },
       .code = StatusCode::kAlreadyExists,
       .reason = "CONTENT_CHANGED",
       .words = {"same bytes"}},
      {.name = "id that another sender used",
       .send =
           [](auto& w) {
             bus::v1::Header header = w.ins.Report(kDoj);
             header.set_id(HeaderOf(w.delivered_message).id());
             return Publish(w.ins_channel, w.ins.Sign(header, "x")).status();
           },
       .code = StatusCode::kAlreadyExists,
       .reason = "CONTENT_CHANGED",
       .peer = "/agency/ins"},
  };
}

}  // namespace waystation::harness
