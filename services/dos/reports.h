#ifndef WAYSTATION_SERVICES_DOS_REPORTS_H_
#define WAYSTATION_SERVICES_DOS_REPORTS_H_

#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "common/agency/case.h"
#include "common/agency/officers.h"
#include "common/casework/procedures.h"
#include "common/ids/random.h"
#include "waystation/dos/v1/dos_service.pb.h"

// What posts abroad report (C14): each function is one rpc of DosService, whose
// errors it has. Single-threaded: the transaction.

namespace waystation::dos {

inline constexpr std::string_view kConsular = "dos/consular";
inline constexpr std::string_view kDiplomaticSecurity = "dos/diplomatic-security";

// How DOS sends Complaint: a post's report, by RoutePostReport alone.
std::unique_ptr<casework::Procedure> SendsComplaints();

absl::Status RecordPostReport(const agency::Officer& officer,
                              const v1::RecordPostReportRequest& request,
                              const RandomSource& random, agency::Tx& tx,
                              v1::RecordPostReportResponse& response);
// `procedures`: has ChildToHhs and Complaint.
absl::Status RoutePostReport(const casework::Procedures& procedures, const agency::Officer& officer,
                             const v1::RoutePostReportRequest& request, agency::Tx& tx,
                             v1::RoutePostReportResponse& response);
absl::Status AcceptPostReport(const agency::Officer& officer,
                              const v1::AcceptPostReportRequest& request, agency::Tx& tx,
                              v1::AcceptPostReportResponse& response);
absl::Status GetPostReport(const agency::Officer& officer, const v1::GetPostReportRequest& request,
                           agency::Tx& tx, v1::GetPostReportResponse& response);
absl::Status ListPostReports(const agency::Officer& officer,
                             const v1::ListPostReportsRequest& request, agency::Tx& tx,
                             v1::ListPostReportsResponse& response);

}  // namespace waystation::dos

#endif  // WAYSTATION_SERVICES_DOS_REPORTS_H_
