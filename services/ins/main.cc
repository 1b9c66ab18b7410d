#include "common/agency/main.h"

#include "services/ins/ins_service.h"

int main(int argc, char** argv) {
  return waystation::agency::RunAgency(argc, argv, "ins", waystation::ins::MakeService);
}
