// Renders the headers that describe the client to the upstream. They are rendered once per
// connection, after the handshake, and copied into every request. Pure.

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
  // Values left out because no reader of the header could be sure of them: a
  // control byte, NUL, invalid UTF-8, a separator of the list.
  size_t unsafe_fields = 0;
  // What was left out, in this order, until the rest fitted into max_bytes: the
  // certificate chain, the certificate, the alternative names (of which one
  // certificate may have thousands), everything but `verify`. A step that saved
  // nothing is not set.
  bool chain_left_out = false;
  bool certificate_left_out = false;
  bool names_left_out = false;
  bool fields_left_out = false;

  // How many of the four.
  size_t too_large() const {
    return size_t{chain_left_out} + size_t{certificate_left_out} + size_t{names_left_out} +
           size_t{fields_left_out};
  }
  bool clean() const { return unsafe_fields == 0 && too_large() == 0; }
};

// What is rendered, names and line ends included, has at most headers.max_bytes
// bytes, unless `verify` under long names alone has more. `report` may be null.
RenderedIdentity RenderIdentityHeaders(const config::IdentityHeaders& headers,
                                       const PeerIdentity& peer, RenderReport* report);

}  // namespace mantlet::identity

#endif  // MANTLET_PROXY_IDENTITY_IDENTITY_HEADERS_H_
