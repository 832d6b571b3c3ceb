// RenderIdentityHeaders writes the headers that describe the client to the upstream. They are
// written once per connection, after the handshake, and copied into every request. Pure.

#ifndef MANTLET_PROXY_IDENTITY_IDENTITY_HEADERS_H_
#define MANTLET_PROXY_IDENTITY_IDENTITY_HEADERS_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "config/config.h"
#include "proxy/identity/peer_identity.h"

namespace mantlet::identity {

// RenderedIdentity is immutable after construction and belongs to its connection.
struct RenderedIdentity {
  // IncomingXfcc is what happens to an x-forwarded-client-cert header that the client sent.
  enum class IncomingXfcc : uint8_t {
    kRemove,   // it is removed; our element, if any, is part of `block`
    kForward,  // it is forwarded unchanged
    kAppend,   // it is forwarded with `xfcc_element` appended
  };
  IncomingXfcc incoming_xfcc = IncomingXfcc::kRemove;
  std::string xfcc_element;  // kAppend: our element; sent alone if the client sent none
  std::string block;         // "Name: value\r\n" lines, ready for a request head
};

// RenderReport counts what could not be forwarded, for the log and for a metric.
struct RenderReport {
  // The number of values left out because readers could not parse them reliably: they contain a
  // control byte, NUL, invalid UTF-8 or a separator of the list.
  size_t unsafe_fields = 0;
  // The parts left out, in this order, until the rest fitted into max_bytes: the certificate chain,
  // the certificate, the alternative names (a certificate may have thousands), everything but
  // `verify`. A part that saved no bytes is not set.
  bool chain_left_out = false;
  bool certificate_left_out = false;
  bool names_left_out = false;
  bool fields_left_out = false;

  // Returns how many of the four parts were left out.
  size_t too_large() const {
    return size_t{chain_left_out} + size_t{certificate_left_out} + size_t{names_left_out} +
           size_t{fields_left_out};
  }
  bool clean() const { return unsafe_fields == 0 && too_large() == 0; }
};

// Returns headers of at most headers.max_bytes bytes, including names and line ends. Only `verify`
// alone may exceed the limit, if its configured names are long. `report` may be null.
RenderedIdentity RenderIdentityHeaders(const config::IdentityHeaders& headers,
                                       const PeerIdentity& peer, RenderReport* report);

}  // namespace mantlet::identity

#endif  // MANTLET_PROXY_IDENTITY_IDENTITY_HEADERS_H_
