// For tests that make up who a client is: a peer's certificate, open to changes.

#ifndef MANTLET_TEST_PROXY_IDENTITY_EDIT_CERTIFICATE_H_
#define MANTLET_TEST_PROXY_IDENTITY_EDIT_CERTIFICATE_H_

#include <memory>
#include <utility>

#include "proxy/identity/peer_identity.h"

namespace mantlet::identity {

// A copy of the peer's certificate, or an empty one, which is the peer's from now on.
// Other peers keep what they have. Valid until the next call or change of `peer`.
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
