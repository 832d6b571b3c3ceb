// TlsAcceptor accepts connections with a TLS handshake, with or without a client certificate. One
// worker's thread only.

#ifndef MANTLET_PROXY_SESSION_TLS_ACCEPTOR_H_
#define MANTLET_PROXY_SESSION_TLS_ACCEPTOR_H_

#include <memory>

#include "proxy/io/loop.h"
#include "proxy/session/acceptor.h"
#include "proxy/tls/server_context.h"
#include "proxy/verify/client_verdict_cache.h"

namespace mantlet::session {

class TlsAcceptor final : public Acceptor {
 public:
  // `loop` and `verified` must outlive the acceptor and the acceptances it returns.
  TlsAcceptor(io::Loop& loop, tls::ServerContextPtr context, verify::ClientVerdictCache& verdicts)
      : loop_(loop), context_(std::move(context)), verdicts_(verdicts) {}

  std::unique_ptr<Acceptance> Accept(std::unique_ptr<io::ByteStream> transport,
                                     AcceptHandler& handler) const override;

 private:
  io::Loop& loop_;
  const tls::ServerContextPtr context_;
  verify::ClientVerdictCache& verdicts_;
};

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_TLS_ACCEPTOR_H_
