#include "common/casework/procedures.h"

#include "common/agency/fields.h"
#include "common/agency/officers.h"
#include "common/casework/glass_notices.h"
#include "common/status/status.h"

namespace waystation::casework {

using google::protobuf::Any;
using google::protobuf::Message;

namespace {

// "type.googleapis.com/waystation.dol.v1.ServicesReferral" -> after the slash.
std::string_view TypeOf(const Any& body) {
  std::string_view url = body.type_url();
  size_t slash = url.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : url.substr(slash + 1);
}

}  // namespace

Procedures::Procedures(std::string agency, List list)
    : agency_(std::move(agency)), list_(std::move(list)) {
  list_.push_back(MakeGlassNotices());
}

const Procedure* Procedures::ByName(std::string_view name) const {
  for (const auto& one : list_) {
    if (one->contract().terms.name == name) return one.get();
  }
  return nullptr;
}

const Procedure* Procedures::ByRequest(const Any& body) const {
  const std::string_view type = TypeOf(body);
  for (const auto& one : list_) {
    if (one->contract().request->GetDescriptor()->full_name() == type) return one.get();
  }
  return nullptr;
}

bool Procedures::WeTake(const Procedure& procedure) const {
  const Contract& contract = procedure.contract();
  return contract.terms.units.empty() || procedures::TargetOf(contract) == agency_;
}

absl::StatusOr<std::unique_ptr<Message>> Unpack(const Any& body, const Message& prototype) {
  const std::string& want = prototype.GetDescriptor()->full_name();
  if (TypeOf(body) != want) {
    return agency::BadField("body", "another type", Quoted(TypeOf(body)), want);
  }
  std::unique_ptr<Message> message(prototype.New());
  if (!message->ParseFromString(body.value())) {
    return agency::BadField("body", "cannot be read", absl::StrCat(body.value().size(), " bytes"),
                            want);
  }
  if (agency::HasUnknownFields(*message)) {
    return agency::BadField("body", "has a field that is not in its contract", "", want);
  }
  return message;
}

absl::StatusOr<OpenedCase> Open(const record::StoredReferral& stored, const Contract& contract) {
  WS_ASSIGN_OR_RETURN(std::unique_ptr<Message> request,
                      Unpack(stored.referral().request(), *contract.request));
  const Message& body = *request;
  return OpenedCase{std::move(request), {stored.referral(), stored.other(), body}};
}

}  // namespace waystation::casework
