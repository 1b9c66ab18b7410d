#include "tools/waystation/dev_notice.h"

#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "common/status/status.h"
#include "google/protobuf/struct.pb.h"

namespace waystation::cli {
namespace {

// What fits a terminal of 100 columns; the first line also has the time.
constexpr size_t kServersOnFirstLine = 3;
constexpr size_t kServersOnALine = 4;

}  // namespace

void SayNotice(Output& out) {
  out.Say("+-------------------------------------------------------------------+");
  out.Say("| SYNTHETIC: invented people. Development keys, not for production. |");
  out.Say("+-------------------------------------------------------------------+");
}

std::string Seconds(absl::Duration duration) {
  return absl::StrFormat("%.2f s", absl::ToDoubleSeconds(duration));
}

void PrintAddresses(Output& out, DevBus& bus, absl::Duration ready) {
  if (out.json()) {
    google::protobuf::Struct line;
    (*line.mutable_fields())["profile"].set_string_value(bus.layout().ProfilePath());
    (*line.mutable_fields())["ready_ms"].set_number_value(absl::ToDoubleMilliseconds(ready));
    return out.Line(ToJson(line));
  }
  std::string services = "broker " + bus.address("broker");
  size_t left = kServersOnFirstLine - 1;
  std::vector<std::string> names = bus.layout().agencies();
  names.push_back("audit");
  for (const std::string& name : names) {
    absl::StrAppend(&services, left == 0 ? ",\n               " : ", ", name, " ",
                    bus.address(name));
    left = (left == 0 ? kServersOnALine : left) - 1;
  }
  out.Line(absl::StrCat("ready          ", Seconds(ready), ": ", services));
  out.Line(absl::StrCat("data and logs  ", bus.layout().dir(),
                        bus.throwaway() ? " (goes with the bus; --data DIR keeps it)" : ""));
}

absl::Status StayUp(const Session& session, DevBus& bus) {
  absl::Status status;
  while (status.ok()) status = bus.Watch(absl::Seconds(60));
  return StopBus(session, bus, status);
}

absl::Status StopBus(const Session& session, DevBus& bus, const absl::Status& why) {
  const bool wished = absl::IsCancelled(why);
  const absl::Duration begin = session.clock.Monotonic();
  bus.Stop(/*keep=*/!wished);
  const bool gone = wished && bus.throwaway();
  session.out.Say(absl::StrCat("stopped in ", Seconds(session.clock.Monotonic() - begin),
                               gone ? "; throwaway data removed" : "; data is in ",
                               gone ? "" : bus.layout().dir()));
  return wished ? absl::OkStatus() : why;
}

}  // namespace waystation::cli
