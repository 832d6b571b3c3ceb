// ReadClientHello reads the fields of a ClientHello (RFC 8446 section 4.1.2) that a server needs,
// from the library's early callback.

#ifndef MANTLET_PROXY_TLS_CLIENT_HELLO_H_
#define MANTLET_PROXY_TLS_CLIENT_HELLO_H_

#include <cstdint>
#include <string>

#include "proxy/tls/client_offer.h"

// SSL_CLIENT_HELLO. NOLINTNEXTLINE(readability-identifier-naming): the library's.
struct ssl_early_callback_ctx;

namespace mantlet::tls {

struct ClientHello {
  std::string server_name;      // lower case, without a trailing dot; empty: none
  uint16_t newest_version = 0;  // the newest that it lists, without GREASE (RFC 8701)
  ClientOffer offer;            // views, valid during the library's callback
};

ClientHello ReadClientHello(const ssl_early_callback_ctx* hello);

// Returns the version in the form of SSL_get_version(), or an empty string for an unknown version.
std::string VersionText(uint16_t version);

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_CLIENT_HELLO_H_
