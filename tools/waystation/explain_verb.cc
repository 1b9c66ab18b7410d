#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "common/status/status.h"
#include "google/protobuf/struct.pb.h"
#include "tools/waystation/contracts.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/text.h"
#include "tools/waystation/verbs.h"
#include "waystation/types/v1/date.pb.h"

namespace waystation::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using procedures::Contract;

// Bodies are flat; what is deeper is the business of their proto.
constexpr int kDepthMax = 3;

struct ExplainOptions {
  std::string type;
};

void DeclareExplain(CLI::App& verb, ExplainOptions& options) {
  verb.add_option("TYPE", options.type, "Procedure or body, e.g. services (default: the list)");
}

// As --body takes them: SERVICE_KIND_JOB_SEARCH -> job-search.
std::string ValuesOf(const google::protobuf::EnumDescriptor* type) {
  std::vector<std::string> words;
  for (int i = 0; i < type->value_count(); ++i) {
    const int number = type->value(i)->number();
    if (number != 0) words.push_back(absl::StrReplaceAll(EnumWords(type, number), {{" ", "-"}}));
  }
  return absl::StrJoin(words, ", ");
}

bool IsDate(const FieldDescriptor* field) {
  return field->message_type() == types::v1::Date::descriptor();
}

std::string TypeOf(const FieldDescriptor* field) {
  std::string type = field->type_name();
  if (field->enum_type() != nullptr) type = ValuesOf(field->enum_type());
  if (field->message_type() != nullptr) type = field->message_type()->name();
  if (IsDate(field)) type = "day, e.g. 2002-03-09 or +90d";
  if (field->is_repeated()) type = "list of: " + type;
  if (field->real_containing_oneof() != nullptr) {
    absl::StrAppend(&type, " (or another ", field->real_containing_oneof()->name(), ")");
  }
  return type;
}

void AddRows(const Descriptor* type, const std::string& path, int depth, Table* table) {
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    const std::string name = path + field->name();
    table->rows.push_back({"  " + name, TypeOf(field)});
    if (field->message_type() == nullptr || IsDate(field) || depth == kDepthMax) continue;
    AddRows(field->message_type(), name + ".", depth + 1, table);
  }
}

std::string DueWords(const Contract::Terms& terms) {
  if (terms.due_business_days == 0) return "no time is set";
  return absl::StrCat(terms.due_business_days, " business days, ", Absl(terms.due_basis));
}

std::string PurposeWords(const Contract::Terms& terms) {
  if (terms.purpose == referral::v1::CONSENT_PURPOSE_UNSPECIFIED) {
    return "never rests on a consent: a duty, an order or an emergency";
  }
  return absl::StrCat("a consent must cover \"", Words(terms.purpose), "\"");
}

std::vector<std::pair<std::string, Cell>> TermsFields(const Contract& contract) {
  const Contract::Terms& terms = contract.terms;
  std::vector<std::string> units;
  for (std::string_view unit : terms.units) units.emplace_back(unit);
  return {{"procedure", ProcedureWord(contract)},
          {"asked", units.empty() ? "any unit, by a rule" : absl::StrJoin(units, ", ")},
          {"request", contract.request->GetDescriptor()->name()},
          {"answer", contract.answer->GetDescriptor()->name()},
          {"due", DueWords(terms)},
          {"answered by", terms.two_officials ? "two officials" : "one official"},
          {"disclosure", PurposeWords(terms)}};
}

google::protobuf::Struct ToStruct(const Contract& contract) {
  google::protobuf::Struct line;
  for (const auto& [name, value] : TermsFields(contract)) {
    (*line.mutable_fields())[name].set_string_value(value.text);
  }
  return line;
}

void ShowBody(Output& out, const std::string& title, const Descriptor* type) {
  if (out.json()) return;
  Table table;
  AddRows(type, "", 1, &table);
  out.Line(absl::StrCat("\n", title, " ", type->name()));
  out.Line(Std(absl::StripTrailingAsciiWhitespace(FormatTable(table, false))));
}

absl::Status RunExplain(Session& session, const ExplainOptions& options) {
  if (options.type.empty()) {
    Table table{{"PROCEDURE", "REQUEST", "ASKED"}, {}};
    std::vector<google::protobuf::Struct> lines;
    for (const Contract* contract : AllContracts()) {
      lines.push_back(ToStruct(*contract));
      table.rows.push_back({ProcedureWord(*contract), contract->request->GetDescriptor()->name(),
                            lines.back().fields().at("asked").string_value()});
    }
    session.out.List(lines, table, "");
    return absl::OkStatus();
  }
  WS_ASSIGN_OR_RETURN(const Contract* contract, FindContract(options.type));
  session.out.Show(ToStruct(*contract), TermsFields(*contract));
  ShowBody(session.out, "request", contract->request->GetDescriptor());
  ShowBody(session.out, "answer", contract->answer->GetDescriptor());
  return absl::OkStatus();
}

}  // namespace

void AddExplainVerb(CLI::App& app, Chosen& chosen) {
  AddVerb<ExplainOptions>(app, chosen, "explain",
                          "What a procedure asks and answers: fields, values, units, due time",
                          DeclareExplain, RunExplain);
}

}  // namespace waystation::cli
