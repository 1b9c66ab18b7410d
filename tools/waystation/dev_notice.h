#ifndef WAYSTATION_TOOLS_WAYSTATION_DEV_NOTICE_H_
#define WAYSTATION_TOOLS_WAYSTATION_DEV_NOTICE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "tools/waystation/dev_bus.h"
#include "tools/waystation/output.h"
#include "tools/waystation/session.h"

// What `dev` and `demo` say about the bus that they run.
// Single-threaded: the command.

namespace waystation::cli {

// The boxed notice: invented people, keys of no worth.
void SayNotice(Output& out);

// "ready in 0.8 s  broker 127.0.0.1:..., doj ..., ins ...", and where data is.
void PrintAddresses(Output& out, DevBus& bus, absl::Duration ready);

// Stays until Ctrl-C or until a service dies, then stops the bus.
absl::Status StayUp(const Session& session, DevBus& bus);

// Stops the bus because of `why`: CANCELLED is a wish and gives OK, anything
// else is returned. Says what became of the data.
absl::Status StopBus(const Session& session, DevBus& bus, const absl::Status& why);

// "0.84 s".
std::string Seconds(absl::Duration duration);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_DEV_NOTICE_H_
