#include "services/doj/procedures.h"

#include <memory>
#include <utility>

#include "common/agency/handoff.h"
#include "common/casework/case_table.h"
#include "common/petitioner/casebook.h"
#include "common/procedures/doj.h"
#include "common/procedures/hhs.h"
#include "common/status/status.h"
#include "waystation/doj/v1/complaint.pb.h"

namespace waystation::doj {
namespace {

using agency::Tx;
using casework::Case;
using casework::CaseTable;
using casework::Procedure;
using petitioner::Casebook;

constexpr int kPageRows = 200;

class TakesComplaints : public Procedure {
 public:
  TakesComplaints() : Procedure(procedures::Complaint()) {}

  absl::Status CheckAnswer(const Case& one, const google::protobuf::Message& answer,
                           Tx& tx) const override {
    const auto& outcome = casework::Body<v1::ComplaintOutcome>(answer);
    if (outcome.kind() == v1::COMPLAINT_OUTCOME_KIND_NO_FEDERAL_MATTER) return absl::OkStatus();
    absl::StatusOr<v1::Intake> intake = Casebook(tx.db()).GetIntake(one.person());
    if (!absl::IsNotFound(intake.status())) return intake.status();
    return Refusal(absl::StatusCode::kFailedPrecondition, "INTAKE_MISSING",
                   Problem("complaint", "the person has no intake here", Quoted(one.person()),
                           "an intake that is opened with the complaint's person"));
  }
};

// One that was given back or withdrawn is not DOJ's to act on.
absl::StatusOr<bool> IsStandingComplaint(const casework::v1::Referral& referral, Tx& tx) {
  if (referral.procedure() != procedures::Complaint().terms.name || !referral.has_request()) {
    return false;
  }
  WS_ASSIGN_OR_RETURN(agency::ReferralView view, tx.Referral(referral.referral_id()));
  return view.state == types::v1::REFERRAL_STATE_ANSWERED || !agency::IsFinal(view.state);
}

absl::StatusOr<bool> KnowsPerson(std::string_view person, std::string_view /*unit*/, Tx& tx) {
  int64_t before = 0;
  while (true) {
    WS_ASSIGN_OR_RETURN(CaseTable::Rows rows,
                        CaseTable(tx.db()).Referrals(person, before, kPageRows));
    for (const auto& [position, stored] : rows) {
      before = position;
      WS_ASSIGN_OR_RETURN(bool standing, IsStandingComplaint(stored.referral(), tx));
      if (standing) return true;
    }
    if (rows.size() < kPageRows) return false;
  }
}

}  // namespace

casework::Procedures MakeProcedures() {
  casework::Procedures::List list;
  list.push_back(std::make_unique<TakesComplaints>());
  list.push_back(std::make_unique<Procedure>(procedures::AttorneyGeneralConsultation()));
  list.push_back(std::make_unique<Procedure>(procedures::ChildToHhs()));
  list.push_back(std::make_unique<Procedure>(procedures::InformationFromHhs()));
  return {"doj", std::move(list)};
}

petitioner::Petitioner MakePetitioner() {
  petitioner::Petitioner petitioner;
  petitioner.agency = "doj";
  petitioner.office = "Department of Justice";
  petitioner.knows_person = KnowsPerson;
  return petitioner;
}

}  // namespace waystation::doj
