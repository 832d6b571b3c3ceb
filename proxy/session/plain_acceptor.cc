#include "proxy/session/plain_acceptor.h"

#include <utility>

namespace mantlet::session {
namespace {

class PlainAcceptance final : public Acceptance {
 public:
  PlainAcceptance(std::unique_ptr<io::ByteStream> transport, AcceptHandler& handler)
      : handler_(handler), stream_(std::move(transport)) {}

  void Begin() override {
    if (!handler_.OnHandshakeBegins()) return;
    stream_->SetReading(true);
    handler_.OnAccepted({.client = {}, .scheme = "http"});
  }
  io::ByteStream& stream() override { return *stream_; }
  tls::HandshakeReport Report(base::HandshakeFailure reason, std::string detail) const override {
    tls::HandshakeReport report;
    report.reason = reason;
    report.detail = std::move(detail);
    return report;
  }
  std::optional<base::ResumptionRefusal> resumption_refusal() const override {
    return std::nullopt;
  }

 private:
  AcceptHandler& handler_;
  std::unique_ptr<io::ByteStream> stream_;
};

}  // namespace

std::unique_ptr<Acceptance> PlainAcceptor::Accept(std::unique_ptr<io::ByteStream> transport,
                                                  AcceptHandler& handler) const {
  return std::make_unique<PlainAcceptance>(std::move(transport), handler);
}

}  // namespace mantlet::session
