// For tests that define who a client is: makes a peer's certificate editable.

#ifndef MANTLET_TEST_PROXY_IDENTITY_EDIT_CERTIFICATE_H_
#define MANTLET_TEST_PROXY_IDENTITY_EDIT_CERTIFICATE_H_

#include <memory>
#include <utility>

#include "proxy/identity/peer_identity.h"

namespace mantlet::identity {

// Gives the peer its own copy of its certificate, or an empty one, and returns it. Other peers keep
// theirs. Valid until the next call or change of `peer`.
inline ClientCertificate& EditCertificate(PeerIdentity& peer) {
  auto edited = peer.certificate == nullptr
                    ? std::make_shared<ClientCertificate>()
                    : std::make_shared<ClientCertificate>(*peer.certificate);
  ClientCertificate& certificate = *edited;
  peer.certificate = std::move(edited);
  return certificate;
}

}  // namespace mantlet::identity

#endif  // MANTLET_TEST_PROXY_IDENTITY_EDIT_CERTIFICATE_H_
