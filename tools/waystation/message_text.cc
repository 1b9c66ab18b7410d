#include "tools/waystation/message_text.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "common/crypto/sha256.h"
#include "google/protobuf/timestamp.pb.h"
#include "tools/waystation/text.h"
#include "waystation/types/v1/date.pb.h"

namespace waystation::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using Fields = std::vector<std::pair<std::string, Cell>>;

std::string NameWords(const std::string& name) {
  std::string words = name;
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

void Join(const std::string& part, std::string* whole) {
  if (!part.empty()) absl::StrAppend(whole, whole->empty() ? "" : ", ", part);
}

// A message that reads as one value.
template <typename T>
const T* As(const Message& message) {
  return message.GetDescriptor() == T::descriptor() ? static_cast<const T*>(&message) : nullptr;
}

bool IsValue(const Message& message) {
  return As<types::v1::Date>(message) != nullptr ||
         As<google::protobuf::Timestamp>(message) != nullptr ||
         As<types::v1::ActingOfficial>(message) != nullptr;
}

std::string ValueWords(const Message& message) {
  if (const auto* date = As<types::v1::Date>(message)) return FormatDate(*date);
  if (const auto* time = As<google::protobuf::Timestamp>(message)) return TimeText(*time);
  if (const auto* official = As<types::v1::ActingOfficial>(message)) return ActingWords(*official);
  return MessageWords(message);
}

std::string TextWords(const FieldDescriptor* field, const std::string& text) {
  return field->type() == FieldDescriptor::TYPE_BYTES ? crypto::Hex(text) : text;
}

template <typename Number>
std::string NumberWords(Number number) {
  return number == 0 ? "" : absl::StrCat(number);
}

// Empty when the field says nothing.
std::string Single(const Message& message, const FieldDescriptor* field) {
  const Reflection* reflection = message.GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_ENUM:
      return EnumWords(field->enum_type(), reflection->GetEnumValue(message, field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection->GetBool(message, field) ? "yes" : "no";
    case FieldDescriptor::CPPTYPE_STRING:
      return TextWords(field, reflection->GetString(message, field));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return reflection->HasField(message, field)
                 ? ValueWords(reflection->GetMessage(message, field))
                 : "";
    case FieldDescriptor::CPPTYPE_INT32:
      return NumberWords(reflection->GetInt32(message, field));
    case FieldDescriptor::CPPTYPE_INT64:
      return NumberWords(reflection->GetInt64(message, field));
    case FieldDescriptor::CPPTYPE_UINT32:
      return NumberWords(reflection->GetUInt32(message, field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return NumberWords(reflection->GetUInt64(message, field));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return NumberWords(reflection->GetDouble(message, field));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return NumberWords(reflection->GetFloat(message, field));
  }
  return "";
}

// Enums, texts and messages are all that bodies repeat; a number is counted.
std::string One(const Message& message, const FieldDescriptor* field, int i) {
  const Reflection* reflection = message.GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_ENUM:
      return EnumWords(field->enum_type(), reflection->GetRepeatedEnumValue(message, field, i));
    case FieldDescriptor::CPPTYPE_STRING:
      return TextWords(field, reflection->GetRepeatedString(message, field, i));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return ValueWords(reflection->GetRepeatedMessage(message, field, i));
    default:
      return absl::StrCat("value ", i + 1);
  }
}

bool IsMessage(const FieldDescriptor* field) {
  return field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
}

void AddRepeated(const Message& message, const FieldDescriptor* field, const std::string& name,
                 Fields* fields) {
  std::string joined;
  for (int i = 0; i < message.GetReflection()->FieldSize(message, field); ++i) {
    const std::string one = One(message, field, i);
    // Messages keep a line each: their own words hold commas.
    if (IsMessage(field)) {
      fields->push_back({name, one});
    } else {
      Join(one, &joined);
    }
  }
  if (!joined.empty()) fields->push_back({name, joined});
}

void AddSingle(const Message& message, const FieldDescriptor* field, const std::string& name,
               Fields* fields) {
  const Reflection* reflection = message.GetReflection();
  if (IsMessage(field) && reflection->HasField(message, field)) {
    const Message& inner = reflection->GetMessage(message, field);
    if (!IsValue(inner)) {
      Fields below = MessageFields(inner, name);
      fields->insert(fields->end(), below.begin(), below.end());
      return;
    }
  }
  const std::string words = Single(message, field);
  if (!words.empty()) fields->push_back({name, words});
}

// Every field of a oneof that is not the chosen one says nothing, not "no".
bool IsUnchosen(const Message& message, const FieldDescriptor* field) {
  return field->has_presence() && !message.GetReflection()->HasField(message, field);
}

}  // namespace

std::string ActingWords(const types::v1::ActingOfficial& official) {
  return absl::StrCat(official.staff_id(), ", ", official.title(), ", ", official.unit());
}

Fields MessageFields(const Message& message, const std::string& prefix) {
  Fields fields;
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* field = message.GetDescriptor()->field(i);
    if (IsUnchosen(message, field)) continue;
    std::string name = NameWords(field->name());
    if (!prefix.empty()) name = absl::StrCat(prefix, " ", name);
    if (field->is_repeated()) {
      AddRepeated(message, field, name, &fields);
    } else {
      AddSingle(message, field, name, &fields);
    }
  }
  return fields;
}

Fields BodyFields(const google::protobuf::Any& body, const std::string& prefix) {
  const std::string& url = body.type_url();
  const std::string type = url.substr(url.rfind('/') + 1);
  const auto* known =
      google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(type);
  if (known != nullptr) {
    std::unique_ptr<Message> message(
        google::protobuf::MessageFactory::generated_factory()->GetPrototype(known)->New());
    if (message->ParseFromString(body.value())) return MessageFields(*message, prefix);
  }
  return {{prefix, absl::StrCat(type, ", ", body.value().size(), " bytes that cannot be read")}};
}

std::string MessageWords(const Message& message) {
  std::string words;
  for (const auto& [name, value] : MessageFields(message, "")) {
    Join(absl::StrCat(name, ": ", value.text), &words);
  }
  return words;
}

}  // namespace waystation::cli
