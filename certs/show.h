// Show describes the content of certificate, key, CRL and PKCS#12 files and of SPIFFE bundles, for
// `mantlet certs show`. It never prints a private key.

#ifndef MANTLET_CERTS_SHOW_H_
#define MANTLET_CERTS_SHOW_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/x509/certificate.h"

namespace mantlet::certs {

struct ShowResult {
  bool ok = true;               // false: the file could not be read in any format; exit 1
  std::string text;             // for a terminal, several lines, each ended by \n
  nlohmann::ordered_json json;  // {"file":…,"format":…,"items":[…]} or {"file":…,"error":…}
};

// `path` is only printed. `passphrase` decrypts PKCS#12 and encrypted keys. Without one, an
// encrypted key is described as such, and PKCS#12 is tried with the empty passphrase. `now`
// (seconds since the epoch) is for "in 12 days" and "3 days ago".
ShowResult Show(std::string_view path, std::string_view bytes,
                const std::optional<std::string>& passphrase, int64_t now);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_SHOW_H_
