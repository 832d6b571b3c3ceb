// Http2Stream is one stream of an Http2Session: the exchange that its request becomes, the
// deadlines of its client, and its end.
//
// Owned by its session. One loop's thread only.

#ifndef MANTLET_PROXY_SESSION_HTTP2_STREAM_H_
#define MANTLET_PROXY_SESSION_HTTP2_STREAM_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "proxy/base/block_pool.h"
#include "proxy/base/proxy_error.h"
#include "proxy/base/timer_wheel.h"
#include "proxy/http/message.h"
#include "proxy/http2/server_codec.h"
#include "proxy/http2/server_stream.h"
#include "proxy/session/exchange.h"
#include "proxy/session/protocol.h"
#include "proxy/session/tunnel.h"
#include "proxy/session/worker_context.h"
#include "proxy/session/write_progress.h"
#include "proxy/upstream/lease.h"

namespace mantlet::session {

class Http2Stream final : public base::PooledObject,
                          private http2::ServerStream::Handler,
                          private ExchangeHandler {
 public:
  class Observer {
   public:
    // A request begins, and is the owner's to count. Returns false if none may begin any more.
    virtual bool OnRequestBegins() = 0;
    // The stream has ended; the owner destroys it, or uses it for another.
    virtual void OnStreamOver(Http2Stream& stream) = 0;

   protected:
    ~Observer() = default;
  };

  // All of them outlive the stream.
  Http2Stream(WorkerContext& worker, ProtocolHost& host, http2::ServerCodec& codec,
              Observer& observer);
  Http2Stream(const Http2Stream&) = delete;

  // Begin returns what the codec fills in.
  http2::ServerStream& Begin();
  // Ends the stream without an answer.
  void Cancel(base::ProxyError error);
  // Asks the policy of `listener`, a newer state, about the tunnel, if there is one. If the policy
  // denies it, it ends: at once, or after shutdown.drain, as client_auth.on_revocation has it.
  void Recheck(const ListenerState& listener);
  // Sets the error that the access record reports for a tunnel that is to end.
  void SetTunnelError(const base::ProxyError& error);
  // Returns the bytes that wait to be written in both directions.
  size_t held() const {
    return stream_.buffered() + (tunnel_ != nullptr ? tunnel_->held() : exchange_.held());
  }
  bool has_tunnel() const { return tunnel_ != nullptr; }
  void OnDeferDelete() {}  // Loop::DeferDelete()

  size_t index = 0;  // the owner's

 private:
  // http2::ServerStream::Handler
  void OnRequestHead(http::RequestHead& head) override;
  void OnRequestBody(std::string_view piece) override;
  void OnRequestTrailers(const http::HeaderList& trailers) override;
  void OnRequestEnd() override;
  void OnRequestRefused(const http::RequestHead& head, base::ProxyError error) override;
  void OnRequestFlush() override;
  void OnRequestResumed() override { ArmBody(); }
  void OnResponseDrained() override { exchange_.OnResponseDrained(); }
  void OnStreamClosed(std::optional<base::ProxyError> error) override;
  // ExchangeHandler
  void OnExchangeEnd(ExchangeEnd end) override;

  const config::DownstreamTimeouts& timeouts() const { return host_.listener()->config.timeouts; }
  void StartTunnel();
  void EndTunnel(Tunnel::Outcome outcome);
  bool BeginRequest();
  void ArmBody();
  void ArmWrite();
  void OnBothIdle();
  void CheckUntaken();
  void OnTimeout();

  WorkerContext& worker_;
  ProtocolHost& host_;
  Observer& observer_;
  http2::ServerStream stream_;
  Exchange exchange_;
  // Request: the time for the next bytes of its content. Afterwards: the time for the client to
  // take the response. Tunnel that the policy has come to deny: the time that it has left.
  base::FunctionTimer timer_;
  uint64_t moved_bytes_ = ~uint64_t{0};  // in both directions, when OnBothIdle() was called
  WriteProgress progress_;
  bool measured_ = false;  // progress_ includes what the kernel holds
  upstream::Lease tunnel_lease_;
  std::unique_ptr<io::ByteStream> tunnel_bytes_;  // the client's side of tunnel_
  std::unique_ptr<Tunnel> tunnel_;
  bool tunnel_open_ = false;
  bool begun_ = false;  // the request has reached the exchange
};

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_HTTP2_STREAM_H_
