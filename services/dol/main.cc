#include "common/agency/main.h"

#include "services/dol/dol_service.h"

int main(int argc, char** argv) {
  return waystation::agency::RunAgency(argc, argv, "dol", waystation::dol::MakeService);
}
