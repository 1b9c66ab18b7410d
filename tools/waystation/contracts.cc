#include "tools/waystation/contracts.h"

#include <algorithm>
#include <memory>

#include "common/procedures/break_glass.h"
#include "common/procedures/doj.h"
#include "common/procedures/dol.h"
#include "common/procedures/dos.h"
#include "common/procedures/hhs.h"
#include "common/procedures/ins.h"
#include "common/procedures/usaid.h"
#include "common/status/status.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/files.h"
#include "tools/waystation/text.h"
#include "waystation/types/v1/date.pb.h"

namespace waystation::cli {
namespace {

using procedures::Contract;

bool IsNamed(const Contract& contract, std::string_view type) {
  return type == contract.terms.name || type == ProcedureWord(contract) ||
         type == contract.request->GetDescriptor()->name() ||
         type == contract.answer->GetDescriptor()->name();
}

absl::StatusOr<std::string> TextOf(std::string_view text) {
  if (!text.starts_with('@')) return std::string(text);
  return ReadWholeFile(std::string(text.substr(1)));
}

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Struct;
using google::protobuf::Value;

// Turns the words of people into what the protos' JSON has, in place. What it
// does not know stays for the parser to refuse.
//
// Single-threaded: one body.
class Speller {
 public:
  explicit Speller(absl::Time now) : now_(now) {}

  absl::Status Spell(const Descriptor* type, Struct* body) {
    for (auto& [name, value] : *body->mutable_fields()) {
      const FieldDescriptor* field = type->FindFieldByName(name);
      if (field == nullptr) field = type->FindFieldByCamelcaseName(name);
      if (field != nullptr) WS_RETURN_IF_ERROR(SpellField(field, &value));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status SpellField(const FieldDescriptor* field, Value* value) {
    if (!value->has_list_value()) return SpellOne(field, value);
    for (Value& one : *value->mutable_list_value()->mutable_values()) {
      WS_RETURN_IF_ERROR(SpellOne(field, &one));
    }
    return absl::OkStatus();
  }

  absl::Status SpellOne(const FieldDescriptor* field, Value* value) {
    if (field->enum_type() != nullptr) return SpellEnum(field, value);
    if (field->message_type() == nullptr) return absl::OkStatus();
    if (value->has_struct_value()) {
      return Spell(field->message_type(), value->mutable_struct_value());
    }
    return SpellDate(field, value);
  }

  absl::Status SpellEnum(const FieldDescriptor* field, Value* value) {
    const auto* type = field->enum_type();
    if (!value->has_string_value() || type->FindValueByName(value->string_value()) != nullptr) {
      return absl::OkStatus();
    }
    WS_ASSIGN_OR_RETURN(int number, ParseEnumWords(type, field->name(), value->string_value()));
    value->set_string_value(type->FindValueByNumber(number)->name());
    return absl::OkStatus();
  }

  absl::Status SpellDate(const FieldDescriptor* field, Value* value) {
    if (field->message_type() != types::v1::Date::descriptor() || !value->has_string_value()) {
      return absl::OkStatus();
    }
    WS_ASSIGN_OR_RETURN(types::v1::Date date,
                        ParseDate(field->name(), value->string_value(), now_));
    auto& fields = *value->mutable_struct_value()->mutable_fields();
    fields["year"].set_number_value(date.year());
    fields["month"].set_number_value(date.month());
    fields["day"].set_number_value(date.day());
    return absl::OkStatus();
  }

  const absl::Time now_;
};

// Parses `json`, with words for enums and days, into `body`.
absl::Status Fill(const std::string& json, absl::Time now, google::protobuf::Message* body) {
  auto check = [](const auto& status) {
    return status.ok() ? absl::OkStatus() : UsageError(status.ToString());
  };
  Struct spelled;
  std::string text;
  WS_RETURN_IF_ERROR(check(google::protobuf::util::JsonStringToMessage(json, &spelled)));
  WS_RETURN_IF_ERROR(Speller(now).Spell(body->GetDescriptor(), &spelled));
  WS_RETURN_IF_ERROR(check(google::protobuf::util::MessageToJsonString(spelled, &text)));
  return check(google::protobuf::util::JsonStringToMessage(text, body));
}

}  // namespace

const std::vector<const Contract*>& AllContracts() {
  static const auto& contracts = *new std::vector<const Contract*>{
      &procedures::Complaint(),          &procedures::AttorneyGeneralConsultation(),
      &procedures::StatusNotice(),       &procedures::ChildToHhs(),
      &procedures::InformationFromHhs(), &procedures::OneStopServices(),
      &procedures::SafeReturn(),         &procedures::Reintegration(),
      &procedures::ContinuedPresence(),  &procedures::BreakGlassNotices()};
  return contracts;
}

std::string ProcedureWord(const Contract& contract) {
  std::string word(contract.terms.name);
  std::transform(word.begin(), word.end(), word.begin(), [](char c) {
    return c == ' ' ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return word;
}

absl::StatusOr<const Contract*> FindContract(std::string_view type) {
  std::string known;
  for (const Contract* contract : AllContracts()) {
    if (IsNamed(*contract, type)) return contract;
    absl::StrAppend(&known, known.empty() ? "" : ", ", ProcedureWord(*contract), " (",
                    contract->request->GetDescriptor()->name(), ")");
  }
  return WithNext(absl::NotFoundError(Problem("TYPE", "unknown", Quoted(type), "one of " + known)),
                  "waystation explain");
}

absl::StatusOr<google::protobuf::Any> ParseBody(const google::protobuf::Message& prototype,
                                                std::string_view flag, std::string_view text,
                                                absl::Time now) {
  WS_ASSIGN_OR_RETURN(std::string json, TextOf(text));
  std::unique_ptr<google::protobuf::Message> body(prototype.New());
  const absl::Status filled = Fill(json, now, body.get());
  const std::string& name = prototype.GetDescriptor()->name();
  if (!filled.ok()) {
    return WithNext(UsageError(Problem(flag, "no " + name, Std(filled.message()),
                                       "JSON of its fields, or @FILE with it")),
                    "waystation explain " + name);
  }
  google::protobuf::Any any;
  any.PackFrom(*body);
  return any;
}

}  // namespace waystation::cli
