// Http1Session speaks HTTP/1 on one client connection. It hands requests to the exchange one after
// the other, holds pipelined requests until their turn, and runs the tunnel that an upgraded
// request becomes. It decides whether the connection persists (RFC 9112 section 9.3).
//
// Its connection owns it. One loop's thread only.

#ifndef MANTLET_PROXY_SESSION_HTTP1_SESSION_H_
#define MANTLET_PROXY_SESSION_HTTP1_SESSION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/base/proxy_error.h"
#include "proxy/base/timer_wheel.h"
#include "proxy/http/codec.h"
#include "proxy/http1/server_codec.h"
#include "proxy/io/deferred_call.h"
#include "proxy/session/back_pressure.h"
#include "proxy/session/exchange.h"
#include "proxy/session/protocol.h"
#include "proxy/session/read_gate.h"
#include "proxy/session/tunnel.h"
#include "proxy/session/worker_context.h"
#include "proxy/session/write_progress.h"
#include "proxy/upstream/lease.h"

namespace mantlet::session {

class Http1Session final : public Protocol,
                           private http::RequestSink,
                           private http::ResponseWriter,
                           private ExchangeHandler {
 public:
  // Both arguments must outlive the session. The host's stream must be open.
  Http1Session(WorkerContext& worker, ProtocolHost& host);

  // Protocol
  void OnBytes(std::string_view bytes) override;
  void OnEnd() override;
  void OnDrained() override;
  void OnLost(const io::StreamError& error) override;
  void Stop(StopMode mode, std::optional<base::ProxyError> error) override;
  std::optional<base::ProxyError> Recheck(const ListenerState& listener) override;
  std::string_view name() const override { return "http/1.1"; }
  Activity activity() const override;
  uint64_t requests() const override { return requests_; }
  size_t held() const override;

 private:
  enum class State : uint8_t { kIdle, kRequest, kTunnel, kDone };

  // http::RequestSink
  void OnRequestHead(http::RequestHead& head) override;
  void OnRequestBody(std::string_view piece) override { exchange_.OnRequestBody(piece); }
  void OnRequestTrailers(const http::HeaderList& t) override { exchange_.OnRequestTrailers(t); }
  void OnRequestEnd() override { exchange_.OnRequestEnd(); }
  // http::ResponseWriter
  void WriteInterim(const http::ResponseHead& head) override { codec_.WriteInterim(head); }
  void WriteHead(const http::ResponseHead& head) override;
  void WriteBody(std::string_view piece) override { codec_.WriteBody(piece); }
  void WriteEnd(const http::HeaderList& trailers) override { codec_.WriteEnd(trailers); }
  http::LocalReply WriteLocalReply(int status, std::string_view text) override;
  void Flush() override { host_.stream().Flush(); }
  size_t buffer_limit() const override { return worker_.loop.BufferLimit(kHighWaterBytes); }
  size_t buffered() const override { return host_.stream().buffered(); }
  size_t untaken() const override { return host_.stream().untaken(); }
  void PauseRequest(bool paused) override;
  // ExchangeHandler
  void OnExchangeEnd(ExchangeEnd end) override;

  const config::Listener& config() const { return host_.listener()->config; }
  void Read(std::string_view bytes);
  void RefuseUnparsed(const http1::ParseError& error);
  void HoldInput(std::string_view bytes);
  void ReadHeldInput();
  bool MayKeepAlive() const;
  void NextRequest();
  void StartTunnel();
  void EndTunnel(Tunnel::Outcome outcome);
  void FinishTunnel();
  void SetPaused(PauseReason reason, bool paused);
  void ArmIdle();
  void ArmWrite();
  void CheckBacklog();
  void OnTimeout();
  void OnIdleTimeout();
  void Cut(base::ProxyError error);
  void Done(CloseMode mode);

  WorkerContext& worker_;
  ProtocolHost& host_;
  http1::ServerCodec codec_;
  Exchange exchange_;
  State state_ = State::kIdle;
  // In kIdle: the time for the next request to begin, or for a client to read what was written. In
  // kRequest: the time for the rest of the request's head, or for the next bytes of its content.
  base::FunctionTimer timer_;
  bool last_poll_ =
      false;  // the idle time has passed; the socket is read once more before the session ends
  std::optional<base::ProxyError>
      refusal_;        // returned by Exchange::Begin(); kept until the parser has returned
  std::string input_;  // the next requests, held while an exchange is under way
  // Reads the held input in a later call: from inside the callback that ended the last exchange, a
  // long pipeline would nest as deep as it is long.
  io::DeferredCall resume_input_;
  std::unique_ptr<Tunnel> tunnel_;
  upstream::Lease tunnel_lease_;  // the capacity that the tunnel holds

  bool stopping_ = false;           // no further request begins
  bool client_keep_alive_ = false;  // requested by the client in its last request
  bool input_ended_ = false;        // the client has ended its direction
  ReadGate read_gate_;
  WriteProgress progress_;
  uint64_t requests_ = 0;
};

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_HTTP1_SESSION_H_
