#ifndef WAYSTATION_COMMON_AGENCY_MAIN_H_
#define WAYSTATION_COMMON_AGENCY_MAIN_H_

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "common/agency/agency.h"
#include "common/agency/config.h"
#include "common/agency/officers.h"
#include "grpcpp/impl/service_type.h"

namespace waystation::agency {

// One agency's service: its rules and its officers' API.
//
// Thread-safe.
class Service : public Handler {
 public:
  // The agency's tables; made before `Attach`.
  virtual std::vector<Schema> schemas() const = 0;

  // Gives the service what it works with; both outlive it. Called once, before
  // anything else but `schema`.
  virtual void Attach(Agency& agency, Officers& officers) = 0;

  // The officers' APIs, one for each gRPC service. Called once, after `Attach`;
  // the objects stay the service's.
  virtual std::vector<grpc::Service*> officers_apis() = 0;

  // Options of the officers' API.
  virtual Officers::Options officers_options() const { return {}; }
};

// Makes the service. Must not touch disk or network.
using ServiceFactory =
    std::function<std::unique_ptr<Service>(const Identity& identity, const Clock& clock)>;

// The whole process of an agency:
//
//   int main(int argc, char** argv) {
//     return waystation::agency::RunAgency(argc, argv, "doj", waystation::doj::MakeService);
//   }
//
// Flags: --config=PATH (or --config PATH), --check_config. `agency` is the one
// that the configured identity must have. Logs JSON lines on standard error.
// Prints one line on standard output, `ready <agency> <host:port>`, when the
// officers' API listens and the queue is open, or 5 s later when the broker
// cannot be reached; it goes on trying. SIGTERM and SIGINT stop it within 3 s.
// Returns 0 after a stop, 2 for wrong use, 78 (EX_CONFIG) for a bad
// configuration, 1 for anything else. Beside the officers' APIs it serves the
// auditor the agency's index (`IndexService`).
int RunAgency(int argc, char** argv, std::string_view agency, const ServiceFactory& factory);

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_MAIN_H_
