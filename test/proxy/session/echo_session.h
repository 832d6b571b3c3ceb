// echo/1 is a protocol for tests that carries no HTTP. A message is its length in two bytes and
// that many bytes of content. An empty message requests all messages since the last one. So several
// messages can be in flight, and there is no exchange with its own deadlines and back-pressure.

#ifndef MANTLET_TEST_PROXY_SESSION_ECHO_SESSION_H_
#define MANTLET_TEST_PROXY_SESSION_ECHO_SESSION_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/base/timer_wheel.h"
#include "proxy/session/back_pressure.h"
#include "proxy/session/protocol.h"
#include "proxy/session/worker_context.h"

namespace mantlet::session {

class EchoSession final : public Protocol {
 public:
  EchoSession(WorkerContext& worker, ProtocolHost& host)
      : worker_(worker), host_(host), timer_([this] { OnTimeout(); }) {
    ArmRead();
  }

  void OnBytes(std::string_view bytes) override {
    input_.append(bytes);
    ArmRead();
    ReadMessages();
  }
  void OnEnd() override { Done(CloseMode::kClose); }
  void OnDrained() override {
    if (done_ || !paused_) return;
    paused_ = false;
    host_.stream().SetReading(true);
    ArmRead();
    ReadMessages();
  }
  void OnLost(const io::StreamError&) override { Done(CloseMode::kClosed); }

  void Stop(StopMode mode, std::optional<base::ProxyError>) override {
    const bool idle = activity() == Activity::kIdle;
    if (mode == StopMode::kNow) {
      Done(idle ? CloseMode::kClose : CloseMode::kAbort);
    } else if (mode == StopMode::kAfterCurrent) {
      stopping_ = true;
      if (idle) Done(CloseMode::kLinger);
    } else if (idle && !paused_) {
      ArmRead();
    }
  }
  std::optional<base::ProxyError> Recheck(const ListenerState&) override { return std::nullopt; }
  std::string_view name() const override { return "toy"; }
  Activity activity() const override {
    return held_.empty() ? Activity::kIdle : Activity::kRequest;
  }
  uint64_t requests() const override { return requests_; }

 private:
  // Handles complete messages as long as the client reads the responses.
  void ReadMessages() {
    while (!done_ && input_.size() >= 2) {
      const size_t end = 2 + ContentBytes();
      if (input_.size() < end) return;
      if (OverHighWater(worker_.loop, host_.stream())) {
        Pause();
      } else if (end == 2) {
        input_.erase(0, end);
        SendBack();
      } else if (host_.MayBegin()) {
        host_.RefreshListener();
        ++requests_;
        held_.append(input_, 0, end);
        input_.erase(0, end);
      } else if (!done_) {
        input_.erase(0, end);  // messages in flight are the last
      }
      if (paused_) return;
    }
  }
  size_t ContentBytes() const {
    return size_t{static_cast<uint8_t>(input_[0])} << 8 | static_cast<uint8_t>(input_[1]);
  }
  void SendBack() {
    host_.stream().Write(held_);
    host_.stream().Flush();
    held_.clear();
    if (stopping_ || host_.leaving()) Done(CloseMode::kLinger);
  }
  void Pause() {
    paused_ = true;
    host_.stream().SetReading(false);
    ArmWrite();
  }

  const config::DownstreamTimeouts& timeouts() const { return host_.listener()->config.timeouts; }
  // Arms the timeout for the client's next bytes.
  void ArmRead() {
    int64_t time_ms = timeouts().idle.count();
    if (host_.leaving()) time_ms = std::min(time_ms, host_.idle_grace_ms());
    worker_.loop.ArmIn(timer_, time_ms);
  }
  // Arms the timeout for the client to read written bytes.
  void ArmWrite() {
    untaken_ = host_.stream().untaken();
    worker_.loop.ArmIn(timer_, timeouts().write.count());
  }
  void OnTimeout() {
    if (!paused_) {
      Done(CloseMode::kClose);
    } else if (host_.stream().untaken() < untaken_) {
      ArmWrite();
    } else {
      Done(CloseMode::kAbort);
    }
  }
  void Done(CloseMode mode) {
    if (done_) return;
    done_ = true;
    worker_.loop.timers().Cancel(timer_);
    host_.Done(mode);
  }

  WorkerContext& worker_;
  ProtocolHost& host_;
  base::FunctionTimer timer_;
  std::string input_;      // messages that are incomplete or must wait
  std::string held_;       // messages in flight
  bool stopping_ = false;  // no further message begins
  bool paused_ = false;    // until the client has read the responses
  size_t untaken_ = 0;     // bytes not taken by the client when ArmWrite() was called
  bool done_ = false;
  uint64_t requests_ = 0;
};

}  // namespace mantlet::session

#endif  // MANTLET_TEST_PROXY_SESSION_ECHO_SESSION_H_
