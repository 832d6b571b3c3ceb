// ReadClientHello reads what a server needs of a ClientHello (RFC 8446 section 4.1.2), as the
// library's early callback has it.

#ifndef MANTLET_PROXY_TLS_CLIENT_HELLO_H_
#define MANTLET_PROXY_TLS_CLIENT_HELLO_H_

#include <cstdint>
#include <string>

#include "proxy/tls/client_offer.h"

// SSL_CLIENT_HELLO. NOLINTNEXTLINE(readability-identifier-naming): the library's.
struct ssl_early_callback_ctx;

namespace mantlet::tls {

struct ClientHello {
  std::string server_name;      // lower case, without the dot at its end; empty: none
  uint16_t newest_version = 0;  // that it names, GREASE (RFC 8701) left out
  ClientOffer offer;            // the library's bytes: valid during its callback
};

ClientHello ReadClientHello(const ssl_early_callback_ctx* hello);

// Returns the version as SSL_get_version() writes it; empty: no version that has a name.
std::string VersionText(uint16_t version);

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_CLIENT_HELLO_H_
