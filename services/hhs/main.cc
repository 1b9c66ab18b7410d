#include "common/agency/main.h"

#include "services/hhs/hhs_service.h"

int main(int argc, char** argv) {
  return waystation::agency::RunAgency(argc, argv, "hhs", waystation::hhs::MakeService);
}
