// Http2Session speaks HTTP/2 on one client connection (RFC 9113): any number of requests at a time,
// each of which is a stream with an exchange of its own. The end of a stream is not the end of the
// connection: that comes when it has been idle for long, when its client must connect again, or
// when its client breaks the protocol.
//
// Owned by its connection. One loop's thread only.

#ifndef MANTLET_PROXY_SESSION_HTTP2_SESSION_H_
#define MANTLET_PROXY_SESSION_HTTP2_SESSION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "proxy/base/proxy_error.h"
#include "proxy/base/timer_wheel.h"
#include "proxy/http2/server_codec.h"
#include "proxy/session/http2_stream.h"
#include "proxy/session/protocol.h"
#include "proxy/session/worker_context.h"

namespace mantlet::session {

class Http2Session final : public Protocol,
                           private http2::ServerCodec::Handler,
                           private Http2Stream::Observer {
 public:
  // Both outlive the session. The host's stream is open.
  Http2Session(WorkerContext& worker, ProtocolHost& host);

  // Protocol
  void OnBytes(std::string_view bytes) override;
  void OnEnd() override;
  void OnDrained() override;
  void OnLost(const io::StreamError& error) override;
  void Stop(StopMode mode, std::optional<base::ProxyError> error) override;
  std::optional<base::ProxyError> Recheck(const ListenerState& listener) override;
  std::string_view name() const override { return "h2"; }
  Activity activity() const override;
  size_t streams() const override { return streams_.size(); }
  uint64_t requests() const override { return requests_; }
  size_t held() const override;

 private:
  enum class Leaving : uint8_t {
    kNo,
    kNoticed,  // the client is asked to open no more streams; those on their way are served
    kLast,     // no stream that has not begun is served
  };

  // http2::ServerCodec::Handler
  http2::ServerStream& OnStreamBegins() override;
  void OnStreamRefused(bool draining) override;
  void OnSent() override;
  // Http2Stream::Observer
  bool OnRequestBegins() override;
  void OnStreamOver(Http2Stream& stream) override;

  const config::Listener& config() const { return host_.listener()->config; }
  void Leave(Leaving how);
  void LeaveNow();
  void ArmLeaveTimer(int64_t delay_ms);
  void OnLeaveTimer();
  void CancelStreams(const base::ProxyError& error);
  void ArmTimer();
  void OnTimeout();
  void DoneIfOver();
  void RecordViolation();
  void WatchOutput();
  void OnWriteTimeout();
  void Done(CloseMode mode);

  WorkerContext& worker_;
  ProtocolHost& host_;
  http2::ServerCodec codec_;
  std::vector<std::unique_ptr<Http2Stream>> streams_;
  // No stream: the time for the next request. A header section that is not complete: the time for
  // the rest of it.
  base::FunctionTimer timer_;
  // limits.connection_age. Leaving: the time for streams that are on their way, which a client that
  // opens more of them cannot extend. Null where neither is needed.
  std::unique_ptr<base::FunctionTimer> leave_timer_;
  // The time for the client to take something of what is written for any of its streams.
  base::FunctionTimer write_timer_;
  int64_t taken_ = 0;  // by the client, when write_timer_ was armed
  uint64_t requests_ = 0;
  Leaving leaving_ = Leaving::kNo;
  uint64_t header_block_ = 0;  // timer_ is armed for this one; 0: none
  bool may_begin_ = true;      // the client is acceptable; as of what is being read
  bool done_ = false;
};

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_HTTP2_SESSION_H_
