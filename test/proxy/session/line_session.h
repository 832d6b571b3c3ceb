// A minimal protocol for tests: each line is the target of a GET, and the response is "STATUS\n",
// the content and a line with a full stop. It does not use HTTP/1 but uses the same exchange.

#ifndef MANTLET_TEST_PROXY_SESSION_LINE_SESSION_H_
#define MANTLET_TEST_PROXY_SESSION_LINE_SESSION_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/session/back_pressure.h"
#include "proxy/session/exchange.h"
#include "proxy/session/protocol.h"
#include "proxy/session/worker_context.h"

namespace mantlet::session {

class LineSession final : public Protocol, private http::ResponseWriter, private ExchangeHandler {
 public:
  LineSession(WorkerContext& worker, ProtocolHost& host)
      : host_(host), exchange_(worker, *this, *this) {}

  void OnBytes(std::string_view bytes) override {
    input_.append(bytes);
    Next();
  }
  void OnEnd() override {
    ended_ = true;
    if (!exchange_.active()) host_.Done(CloseMode::kClose);
  }
  void OnDrained() override { exchange_.OnResponseDrained(); }
  void OnLost(const io::StreamError& error) override {
    exchange_.Cancel(base::ProxyError(base::ErrorReason::kClientClosed, error.detail));
    host_.Done(CloseMode::kClosed);
  }
  void Stop(StopMode mode, std::optional<base::ProxyError> why) override {
    ended_ = true;
    if (mode == StopMode::kNow && exchange_.active()) {
      exchange_.Cancel(why ? *std::move(why) : base::ProxyError());
    } else if (!exchange_.active()) {
      host_.Done(CloseMode::kClose);
    }
  }
  std::optional<base::ProxyError> Recheck(const ListenerState&) override { return std::nullopt; }
  std::string_view name() const override { return "toy"; }
  Activity activity() const override {
    return exchange_.active() ? Activity::kRequest : Activity::kIdle;
  }
  uint64_t requests() const override { return requests_; }

 private:
  void Next() {
    const size_t end = input_.find('\n');
    if (exchange_.active() || end == std::string::npos || !host_.MayBegin()) return;
    head_.Reset();
    head_.method_text = "GET";
    head_.target = input_.substr(0, end);
    head_.authority = "line.example";
    input_.erase(0, end + 1);
    ++requests_;
    exchange_.RequestBegins();
    std::optional<base::ProxyError> refusal =
        exchange_.Begin(host_.RefreshListener(), head_, host_.client());
    exchange_.OnRequestEnd();
    if (refusal) {
      exchange_.Refuse(*std::move(refusal));
    } else {
      exchange_.FlushRequest();
    }
  }
  // http::ResponseWriter
  void WriteInterim(const http::ResponseHead&) override {}
  void WriteHead(const http::ResponseHead& head) override {
    host_.stream().Write(std::to_string(head.status) + "\n");
  }
  void WriteBody(std::string_view piece) override { host_.stream().Write(piece); }
  void WriteEnd(const http::HeaderList&) override { host_.stream().Write("\n.\n"); }
  http::LocalReply WriteLocalReply(int status, std::string_view text) override {
    host_.stream().Write(std::to_string(status) + "\n" + std::string(text) + "\n.\n");
    return {.status = status, .bytes = text.size()};
  }
  void Flush() override { host_.stream().Flush(); }
  size_t buffer_limit() const override { return kHighWaterBytes; }
  size_t buffered() const override { return host_.stream().buffered(); }
  size_t untaken() const override { return host_.stream().untaken(); }
  void PauseRequest(bool paused) override { host_.stream().SetReading(!paused); }
  // ExchangeHandler
  void OnExchangeEnd(ExchangeEnd end) override {
    if (end != ExchangeEnd::kComplete) {
      host_.Done(CloseMode::kAbort);
    } else if (ended_) {
      host_.Done(CloseMode::kClose);
    } else {
      Next();
    }
  }

  ProtocolHost& host_;
  Exchange exchange_;
  http::RequestHead head_;
  std::string input_;
  bool ended_ = false;
  uint64_t requests_ = 0;
};

}  // namespace mantlet::session

#endif  // MANTLET_TEST_PROXY_SESSION_LINE_SESSION_H_
