#ifndef WAYSTATION_SERVICES_BROKER_BROKER_H_
#define WAYSTATION_SERVICES_BROKER_BROKER_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "services/broker/config.pb.h"

namespace waystation::broker {

// Checks a configuration and fills its defaults.
// Errors: INVALID_ARGUMENT names the field.
absl::Status CheckConfig(v1::BrokerConfig* config);

// The broker: takes signed messages, keeps them, gives them to their receivers.
//
//   WS_ASSIGN_OR_RETURN(auto broker, Broker::Start(config, clock));
//   std::cout << broker->address();
//   broker->Stop();
//
// Starting reads the journal to its end; a damaged journal stops it with
// DATA_LOSS and changes nothing. Stopping ends the streams with a word, keeps
// what was posted, and leaves a snapshot.
//
// Does not own the clock.
// Thread-compatible.
class Broker {
 public:
  // `config` has passed CheckConfig. Errors: those of its parts: DATA_LOSS,
  // FAILED_PRECONDITION, INVALID_ARGUMENT, UNAVAILABLE (the port is taken).
  static absl::StatusOr<std::unique_ptr<Broker>> Start(const v1::BrokerConfig& config,
                                                       const Clock& clock);
  ~Broker();

  // "host:port" that it serves on.
  const std::string& address() const;

  // Within about `deadline`. Later calls do nothing.
  void Stop(absl::Duration deadline = absl::Seconds(2));

 private:
  struct Parts;
  explicit Broker(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_BROKER_H_
