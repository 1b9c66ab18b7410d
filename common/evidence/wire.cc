#include "common/evidence/wire.h"

#include <cstdint>
#include <limits>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/unknown_field_set.h"

namespace waystation::evidence {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Signed contents have no repeated messages, so singular ones are enough.
bool HasUnknownFields(const Message& message) {
  const Reflection* reflection = message.GetReflection();
  if (!reflection->GetUnknownFields(message).empty()) return true;
  const auto* descriptor = message.GetDescriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const FieldDescriptor* field = descriptor->field(i);
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || field->is_repeated()) continue;
    if (!reflection->HasField(message, field)) continue;
    if (HasUnknownFields(reflection->GetMessage(message, field))) return true;
  }
  return false;
}

}  // namespace

bool ParseStrictly(std::string_view bytes, UnknownFields unknown, Message* out) {
  if (bytes.size() > size_t{std::numeric_limits<int>::max()}) return false;
  if (!out->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return false;
  // A field given twice keeps its last value only, a written default or a
  // padded varint is dropped: each makes the message shorter than its bytes.
  // The order of fields is left open, because encoders differ in it.
  if (out->ByteSizeLong() != bytes.size()) return false;
  return unknown == UnknownFields::kKeep || !HasUnknownFields(*out);
}

bool IsValidTime(const google::protobuf::Timestamp& time) {
  constexpr int64_t kFirstSecond = -62135596800;
  constexpr int64_t kLastSecond = 253402300799;
  return time.seconds() >= kFirstSecond && time.seconds() <= kLastSecond && time.nanos() >= 0 &&
         time.nanos() <= 999'999'999;
}

google::protobuf::Timestamp ToProtoTime(absl::Time time) {
  google::protobuf::Timestamp out;
  const int64_t seconds = absl::ToUnixSeconds(time);
  out.set_seconds(seconds);
  out.set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
  return out;
}

}  // namespace waystation::evidence
