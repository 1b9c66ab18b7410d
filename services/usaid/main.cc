#include "common/agency/main.h"

#include "services/usaid/usaid_service.h"

int main(int argc, char** argv) {
  return waystation::agency::RunAgency(argc, argv, "usaid", waystation::usaid::MakeService);
}
