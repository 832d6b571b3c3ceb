// ServerStream is a Stream with a ServerHandshake: the server's side of a TLS connection over
// another ByteStream. One loop's thread only.

#ifndef MANTLET_PROXY_TLS_SERVER_STREAM_H_
#define MANTLET_PROXY_TLS_SERVER_STREAM_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "proxy/base/resumption_refusal.h"
#include "proxy/io/byte_stream.h"
#include "proxy/io/loop.h"
#include "proxy/tls/handshake_report.h"
#include "proxy/tls/server_context.h"
#include "proxy/tls/server_handshake.h"
#include "proxy/tls/stream.h"
#include "proxy/verify/client_verdict_cache.h"

namespace mantlet::tls {

class ServerStream final : public Stream {
 public:
  using HandshakeHandler = ServerHandshake::Handler;

  // Starts to read at once. If there is no memory for a connection, the handshake fails before the
  // end of the loop's turn. `verdicts` (of the same thread), `handler` and the ByteStreamHandler
  // must outlive the stream.
  ServerStream(io::Loop& loop, std::unique_ptr<io::ByteStream> transport, ServerContextPtr context,
               verify::ClientVerdictCache& verdicts, HandshakeHandler* handler)
      : Stream(loop, std::move(transport),
               std::shared_ptr<ssl_ctx_st>(context, context->ssl_ctx())),
        handshake_(*this, std::move(context), verdicts, handler) {
    Start(handshake_);
  }

  // These return the values of ServerHandshake.
  size_t certificate_index() const { return handshake_.certificate_index(); }
  x509::LeafKeySet verifiable() const { return handshake_.verifiable(); }
  const ServerContext& context() const { return handshake_.context(); }
  std::optional<base::ResumptionRefusal> resumption_refusal() const {
    return handshake_.resumption_refusal();
  }
  HandshakeReport Report(base::HandshakeFailure reason, std::string detail) const {
    return handshake_.Report(reason, std::move(detail));
  }

 private:
  ServerHandshake handshake_;
};

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_SERVER_STREAM_H_
