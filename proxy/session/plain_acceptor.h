// PlainAcceptor accepts connections without TLS, so the client has no identity. It has no state and
// is thread-safe.

#ifndef MANTLET_PROXY_SESSION_PLAIN_ACCEPTOR_H_
#define MANTLET_PROXY_SESSION_PLAIN_ACCEPTOR_H_

#include <memory>

#include "proxy/session/acceptor.h"

namespace mantlet::session {

class PlainAcceptor final : public Acceptor {
 public:
  std::unique_ptr<Acceptance> Accept(std::unique_ptr<io::ByteStream> transport,
                                     AcceptHandler& handler) const override;
};

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_PLAIN_ACCEPTOR_H_
