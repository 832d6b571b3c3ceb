// CheckMaterial reads and checks the certificate files of a configuration, for `mantlet check`. It
// reports the material that would be served and trusted, and every mistake with a hint.

#ifndef MANTLET_CERTS_CHECK_H_
#define MANTLET_CERTS_CHECK_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "certs/file_reader.h"
#include "config/config.h"
#include "config/diagnostic.h"

namespace mantlet::certs {

struct CheckReport {
  bool ok = true;                   // false: `run` would not start; exit 1
  config::Diagnostics diagnostics;  // errors first, then warnings, then notes
  std::string text;  // for a terminal: per listener chains, keys, anchors; then the diagnostics
  nlohmann::ordered_json json;  // {"ok":…,"listeners":[…],"findings":[…]}
};

// Reads the files. `now` is in seconds since the epoch.
CheckReport CheckMaterial(const config::Config& config, FileReader& reader, int64_t now);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_CHECK_H_
