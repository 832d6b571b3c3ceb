// PlainAcceptor accepts connections as they are: without TLS, and so without knowing the
// client. Thread-safe, for it has no state.

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
