#include "common/agency/main.h"

#include "services/dos/dos_service.h"

int main(int argc, char** argv) {
  return waystation::agency::RunAgency(argc, argv, "dos", waystation::dos::MakeService);
}
