// The headers that tell the upstream who the client is, rendered once per
// connection, when the handshake has ended, and then copied into every request.
// Pure: configuration and identity in, bytes out.

#ifndef MANTLET_PROXY_IDENTITY_IDENTITY_HEADERS_H_
#define MANTLET_PROXY_IDENTITY_IDENTITY_HEADERS_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "config/config.h"
#include "proxy/identity/peer_identity.h"

namespace mantlet::identity {

// Immutable once made; belongs to its connection.
struct RenderedIdentity {
  // What happens to an x-forwarded-client-cert that the client sent.
  enum class IncomingXfcc : uint8_t {
    kRemove,   // it goes; ours, if any, is part of `block`
    kForward,  // it travels on as it came
    kAppend,   // it travels on with `xfcc_element` behind it
  };
  IncomingXfcc incoming_xfcc = IncomingXfcc::kRemove;
  std::string xfcc_element;  // kAppend: our element of the list; may stand alone
  std::string block;         // "Name: value\r\n" lines, ready for a request head
};

// What could not be forwarded; for the log and for a counter.
struct RenderReport {
  // Fields left out because they hold a control byte, NUL or invalid UTF-8.
  size_t unsafe_fields = 0;
  // Set if the certificate chain, or the certificate too, was left out because
  // the block would have grown over kMaxIdentityBytes.
  bool chain_left_out = false;
  bool certificate_left_out = false;
  // Set if even the small fields did not fit: only `verify` is sent.
  bool fields_left_out = false;

  bool clean() const {
    return unsafe_fields == 0 && !chain_left_out && !certificate_left_out && !fields_left_out;
  }
};

// Most servers refuse header sections over 8 to 64 KiB; a certificate chain of
// RSA keys, URL-encoded, is about 2.5 KiB per certificate.
inline constexpr size_t kMaxIdentityBytes = 32 * 1024;

// `report` may be null.
RenderedIdentity RenderIdentityHeaders(const config::IdentityHeaders& headers,
                                       const PeerIdentity& peer, RenderReport* report);

}  // namespace mantlet::identity

#endif  // MANTLET_PROXY_IDENTITY_IDENTITY_HEADERS_H_
