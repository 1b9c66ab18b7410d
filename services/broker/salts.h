#ifndef WAYSTATION_SERVICES_BROKER_SALTS_H_
#define WAYSTATION_SERVICES_BROKER_SALTS_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "common/crypto/random.h"
#include "common/evidence/log_leaf.h"

namespace waystation::broker {

// Gives each record its salt. Drawn by the page: one call for each record would
// cost more than the hash that it protects.
//
// Thread-compatible: one owner.
class Salts {
 public:
  // Valid until the next call.
  std::string_view Next() {
    if (next_ == drawn_.size()) {
      drawn_ = crypto::RandomString(kSaltsDrawn * evidence::kLogSaltBytes);
      next_ = 0;
    }
    std::string_view salt = std::string_view(drawn_).substr(next_, evidence::kLogSaltBytes);
    next_ += evidence::kLogSaltBytes;
    return salt;
  }

 private:
  static constexpr size_t kSaltsDrawn = 256;

  std::string drawn_;
  size_t next_ = 0;
};

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_SALTS_H_
