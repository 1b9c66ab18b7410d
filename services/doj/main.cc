#include "common/agency/main.h"

#include "services/doj/doj_service.h"

int main(int argc, char** argv) {
  return waystation::agency::RunAgency(argc, argv, "doj", waystation::doj::MakeService);
}
