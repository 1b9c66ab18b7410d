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

// Publishes a report of doj whose header was changed before signing.
std::function<absl::Status(RefusalWorld&)> ReportWith(std::function<void(bus::v1::Header*)> change,
                                                      const std::string& payload = "x") {
  return [change, payload](RefusalWorld& world) {
    bus::v1::Header header = world.doj.Report(kIns);
    change(&header);
    return PublishDoj(world, world.doj.Sign(header, payload));
  };
}

absl::Status AskOutcomes(RefusalWorld& world, size_t count) {
  return ListPublishOutcomes(world.doj_channel, UnknownIds(count)).status();
}

}  // namespace

std::vector<std::string> UnknownIds(size_t count) {
  return std::vector<std::string>(count, "01890000-0000-7000-8000-000000000001");
}

std::vector<Row> LimitRows() {
  return {
      {.name = "header above 8 KiB",
       .send = ReportWith([](auto* h) { h->set_subject(std::string(9000, 's')); }),
       .code = StatusCode::kInvalidArgument,
       .reason = "HEADER_LIMIT",
       .words = {"header", "8,192"}},
      {.name = "empty header",
       .send = [](auto& w) { return PublishDoj(w, w.doj.SignBytes("", "x")); },
       .code = StatusCode::kInvalidArgument,
       .reason = "HEADER_LIMIT"},
      {.name = "field above its limit",
       .send = ReportWith([](auto* h) { h->set_ordering_key(std::string(129, 'k')); }),
       .code = StatusCode::kInvalidArgument,
       .reason = "HEADER_LIMIT",
       .words = {"ordering_key", "129", "128"}},
      {.name = "payload above 1 MiB",
       .send = ReportWith([](auto*) {}, std::string(kPayloadBytesMax + 1, 'p')),
       .code = StatusCode::kInvalidArgument,
       .reason = "PAYLOAD_LIMIT",
       .words = {"1048577", "1,048,576"}},
      {.name = "17 recipients",
       .send = ReportWith([](auto* h) {
         for (int i = 0; i < 16; ++i) h->add_recipients(cli::DevIdentity(absl::StrCat("/x/", i)));
       }),
       .code = StatusCode::kInvalidArgument,
       .reason = "RECIPIENTS_INVALID",
       .words = {"17", "16"}},
      {.name = "no recipient",
       .send = ReportWith([](auto* h) { h->clear_recipients(); }),
       .code = StatusCode::kInvalidArgument,
       .reason = "RECIPIENTS_INVALID"},
      {.name = "recipient twice",
       .send = ReportWith([](auto* h) { h->add_recipients(h->recipients(0)); }),
       .code = StatusCode::kInvalidArgument,
       .reason = "RECIPIENTS_INVALID"},
      {.name = "sender among the recipients",
       .send = ReportWith([](auto* h) { h->add_recipients(h->source()); }),
       .code = StatusCode::kInvalidArgument,
       .reason = "RECIPIENTS_INVALID"},
      {.name = "frame of 1,025 messages",
       .send =
           [](auto& w) {
             bus::v1::StreamingPublishRequest frame;
             for (int i = 0; i < 1025; ++i) frame.add_messages();
             return w.PublishFrame(frame);
           },
       .code = StatusCode::kInvalidArgument,
       .reason = "FRAME_LIMIT",
       .words = {"1025", "1024"}},
      {.name = "frame above 3 MiB",
       .send =
           [](auto& w) {
             bus::v1::StreamingPublishRequest frame;
             for (int i = 0; i < 4; ++i) {
               *frame.add_messages() = w.doj.Sign(w.doj.Report(kIns), std::string(900'000, 'p'));
             }
             return w.PublishFrame(frame);
           },
       .code = StatusCode::kInvalidArgument,
       .reason = "FRAME_LIMIT",
       .words = {"3145728"}},
      {.name = "empty frame",
       .send = [](auto& w) { return w.PublishFrame(bus::v1::StreamingPublishRequest()); },
       .code = StatusCode::kInvalidArgument,
       .reason = "FRAME_LIMIT"},
      {.name = "outcomes of 257 messages asked",
       .send = [](auto& w) { return AskOutcomes(w, kOutcomesAskedMax + 1); },
       .code = StatusCode::kInvalidArgument,
       .reason = "FRAME_LIMIT",
       .stage = "call",
       .words = {"message_ids", "257", "256"}},
      {.name = "outcomes of no message asked",
       .send = [](auto& w) { return AskOutcomes(w, 0); },
       .code = StatusCode::kInvalidArgument,
       .reason = "FRAME_LIMIT",
       .stage = "call",
       .words = {"message_ids", "got 0", "256"}},
  };
}

std::vector<Row> SyntaxRows() {
  return {
      {.name = "header is no protobuf",
       .send =
           [](auto& w) { return PublishDoj(w, w.doj.SignBytes("\xff\xff\xff no protobuf", "x")); },
       .code = StatusCode::kInvalidArgument,
       .reason = "HEADER_MALFORMED",
       .words = {"header"}},
      {.name = "header with a field twice",
       .send =
           [](auto& w) {
             bus::v1::Header header = HeaderOf(w.doj.Sign(w.doj.Report(kIns), "x"));
             bus::v1::Header again;
             again.set_subject("other");
             header.set_subject("one");
             return PublishDoj(
                 w, w.doj.SignBytes(header.SerializeAsString() + again.SerializeAsString(), "x"));
           },
       .code = StatusCode::kInvalidArgument,
       .reason = "HEADER_MALFORMED"},
      {.name = "header with an unknown field",
       .send =
           [](auto& w) {
             bus::v1::Header header = HeaderOf(w.doj.Sign(w.doj.Report(kIns), "x"));
             return PublishDoj(
                 w, w.doj.SignBytes(header.SerializeAsString() + "\xa2\x06\x04name", "x"));
           },
       .code = StatusCode::kInvalidArgument,
       .reason = "HEADER_MALFORMED"},
      {.name = "call that is no protobuf",
       .send =
           [](auto& w) {
             return w.CallRaw("/waystation.bus.v1.PublisherService/Publish", "\xff\xff\xff", false);
           },
       .code = StatusCode::kInvalidArgument,
       .reason = "MESSAGE_MALFORMED"},
      {.name = "publish frame that is no protobuf",
       .send =
           [](auto& w) {
             return w.CallRaw("/waystation.bus.v1.PublisherService/StreamingPublish",
                              "\xff\xff\xff", true);
           },
       .code = StatusCode::kInvalidArgument,
       .reason = "MESSAGE_MALFORMED"},
      {.name = "pull frame that is no protobuf",
       .send =
           [](auto& w) {
             return w.CallRaw("/waystation.bus.v1.SubscriberService/StreamingPull", "\xff\xff\xff",
                              true);
           },
       .code = StatusCode::kInvalidArgument,
       .reason = "MESSAGE_MALFORMED",
       .stage = "call"},
      {.name = "id is no UUIDv7",
       .send = ReportWith([](auto* h) { h->set_id("01234567-89ab-4def-8123-456789abcdef"); }),
       .code = StatusCode::kInvalidArgument,
       .reason = "ID_INVALID",
       .words = {"id", "UUIDv7"}},
      {.name = "time is missing",
       .send = ReportWith([](auto* h) { h->clear_time(); }),
       .code = StatusCode::kInvalidArgument,
       .reason = "TIME_INVALID"},
      {.name = "expires before it may be delivered",
       .send = ReportWith([](auto* h) {
         h->mutable_not_before()->set_seconds(4'000'000'000);
         h->mutable_expire_time()->set_seconds(3'900'000'000);
       }),
       .code = StatusCode::kInvalidArgument,
       .reason = "TIME_INVALID"},
      {.name = "expired already",
       .send = ReportWith([](auto* h) { h->mutable_expire_time()->set_seconds(1'000'000'000); }),
       .code = StatusCode::kFailedPrecondition,
       .reason = "ALREADY_EXPIRED"},
      {.name = "unknown type",
       .send = ReportWith([](auto* h) { h->set_type("waystation.rumour.v1"); }),
       .code = StatusCode::kInvalidArgument,
       .reason = "UNKNOWN_TYPE",
       .words = {"type", "waystation.rumour.v1"}},
      {.name = "unknown recipient",
       .send = ReportWith([](auto* h) { h->set_recipients(0, cli::DevIdentity("/agency/epa")); }),
       .code = StatusCode::kNotFound,
       .reason = "UNKNOWN_RECIPIENT",
       .words = {"recipient", "/agency/epa"}},
  };
}

}  // namespace waystation::harness
