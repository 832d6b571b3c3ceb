#include "proxy/session/tls_acceptor.h"

#include <utility>

#include "proxy/tls/server_stream.h"

namespace mantlet::session {
namespace {

class TlsAcceptance final : public Acceptance, private tls::ServerStream::HandshakeHandler {
 public:
  TlsAcceptance(io::Loop& loop, std::unique_ptr<io::ByteStream> transport,
                const tls::ServerContextPtr& context, verify::ClientVerdictCache& verdicts,
                AcceptHandler& handler)
      : handler_(handler), stream_(loop, std::move(transport), context, verdicts, this) {}

  void Begin() override {}  // the stream already reads
  io::ByteStream& stream() override { return stream_; }
  tls::HandshakeReport Report(base::HandshakeFailure reason, std::string detail) const override {
    return stream_.Report(reason, std::move(detail));
  }
  std::optional<base::ResumptionRefusal> resumption_refusal() const override {
    return stream_.resumption_refusal();
  }

 private:
  void OnPartialHello() override { handler_.OnPartialHello(); }
  bool OnHandshakeBegins() override { return handler_.OnHandshakeBegins(); }
  void OnCertificateNotVerified(const tls::HandshakeReport& report) override {
    handler_.OnCertificateNotVerified(report);
  }
  void OnHandshakeDone(identity::PeerIdentity identity) override {
    handler_.OnAccepted({std::move(identity),
                         stream_.alpn(),
                         "https",
                         {&stream_.context(), stream_.certificate_index(), stream_.verifiable()}});
  }
  void OnHandshakeFailed(tls::HandshakeReport report) override {
    handler_.OnRefused(std::move(report));
  }

  AcceptHandler& handler_;
  tls::ServerStream stream_;
};

}  // namespace

std::unique_ptr<Acceptance> TlsAcceptor::Accept(std::unique_ptr<io::ByteStream> transport,
                                                AcceptHandler& handler) const {
  return std::make_unique<TlsAcceptance>(loop_, std::move(transport), context_, verdicts_, handler);
}

}  // namespace mantlet::session
