#include "proxy/server/handover_server.h"

#include <unistd.h>

#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proxy/base/timer_wheel.h"
#include "proxy/io/packet_socket.h"
#include "proxy/io/readable_watch.h"
#include "proxy/server/handover_message.h"

namespace mantlet::server {
namespace {

using Type = HandoverMessage::Type;

// Returns sockets that fit into one message each.
HandoverServer::Sockets Split(HandoverServer::Sockets all) {
  HandoverServer::Sockets pieces;
  for (PassedSockets& passed : all) {
    for (size_t i = 0; i < passed.sockets.size(); ++i) {
      if (i % io::kMaxPacketDescriptors == 0) {
        pieces.push_back({passed.use, passed.name, passed.path, {}});
      }
      pieces.back().sockets.push_back(std::move(passed.sockets[i]));
    }
  }
  return pieces;
}

}  // namespace

// The connection of a process that wants to take over.
class HandoverServer::Successor {
 public:
  Successor(HandoverServer* server, io::FileDescriptor fd, int64_t pid)
      : server_(server), fd_(std::move(fd)), pid_(pid), deadline_([this] {
          Fail(absl::StrCat("it was not ready within ", server_->deadline_ms_ / 1000, " s"));
        }) {}
  Successor(const Successor&) = delete;

  // Called by Loop::DeferDelete(). No event is reported afterwards.
  void OnDeferDelete() {
    watch_.reset();
    server_->loop_.timers().Cancel(deadline_);
    self_.reset();
  }

  absl::Status Begin() {
    auto watch = io::ReadableWatch::Start(server_->loop_, fd_.get(), [this] { OnReadable(); });
    if (!watch.ok()) return watch.status();
    watch_ = *std::move(watch);
    server_->loop_.ArmIn(deadline_, server_->deadline_ms_);
    return absl::OkStatus();
  }

  int64_t pid() const { return pid_; }
  bool has_begun() const { return state_ != State::kConnected; }

 private:
  enum class State : uint8_t {
    kConnected,   // Hello is expected
    kCollecting,  // the workers are asked for their sockets
    kSending,     // Next is expected
    kWaiting,     // Ready is expected
  };

  // Handles one message; the event returns if there are more.
  void OnReadable() {
    absl::StatusOr<io::Packet> packet = io::ReceivePacket(fd_.get());
    if (absl::IsDeadlineExceeded(packet.status())) return;
    if (!packet.ok()) {
      OnGone();
      return;
    }
    absl::StatusOr<HandoverMessage> message = DecodeHandover(packet->bytes);
    if (!message.ok()) {
      Fail(std::string(message.status().message()));
    } else if (state_ == State::kConnected && message->type == Type::kHello) {
      OnHello();
    } else if (state_ == State::kSending && message->type == Type::kNext) {
      SendNext();
    } else if (state_ == State::kWaiting && message->type == Type::kReady) {
      OnReady(message->taken);
    } else {
      Fail("it sent a message that is not expected now");
    }
  }

  void OnGone() { server_->End(has_begun() ? "it ended before it was ready" : ""); }

  void OnHello() {
    if (const std::string refusal = server_->actions_.refusal(); !refusal.empty()) {
      Fail(refusal);
      return;
    }
    state_ = State::kCollecting;
    server_->logger_.Info("upgrade_begun", "Another process asks for the listening sockets.",
                          {{"pid", pid_}});
    server_->actions_.collect([self = std::weak_ptr(self_)](absl::StatusOr<Sockets> sockets) {
      if (const auto here = self.lock()) (*here)->OnCollected(std::move(sockets));
    });
  }

  void OnCollected(absl::StatusOr<Sockets> sockets) {
    if (!sockets.ok()) {
      Fail(std::string(sockets.status().message()));
      return;
    }
    sockets_ = Split(*std::move(sockets));
    if (sockets_.size() > kMaxHandoverEntries) {
      Fail("there are too many listeners for an upgrade");
      return;
    }
    state_ = State::kSending;
    SendNext();
  }

  void SendNext() {
    HandoverMessage message;
    std::vector<int> descriptors;
    if (next_ < sockets_.size()) {
      const PassedSockets& passed = sockets_[next_++];
      message.type = Type::kSockets;
      message.use = passed.use;
      message.name = passed.name;
      message.text = passed.path;
      for (const io::FileDescriptor& socket : passed.sockets) descriptors.push_back(socket.get());
    } else {
      message.type = Type::kEnd;
      message.pid = static_cast<uint32_t>(getpid());
      state_ = State::kWaiting;
    }
    const absl::Status sent = io::SendPacket(fd_.get(), EncodeHandover(message), descriptors);
    if (absl::IsCancelled(sent)) {
      OnGone();
    } else if (!sent.ok()) {
      Fail(std::string(sent.message()));
    }
  }

  void OnReady(const std::vector<uint32_t>& numbers) {
    std::vector<const PassedSockets*> taken;
    for (const uint32_t number : numbers) {
      if (number >= sockets_.size()) {
        Fail("it took a socket that it did not get");
        return;
      }
      taken.push_back(&sockets_[number]);
    }
    server_->OnReady(taken);
    // If the successor has gone, nothing accepts any more; that is its failure as a server.
    (void)io::SendPacket(fd_.get(), HandoverSignal(Type::kDone));
    server_->End("");
  }

  // Tells the successor and the log the reason; this process continues.
  void Fail(const std::string& reason) {
    (void)io::SendPacket(fd_.get(), HandoverRefusal(reason));
    server_->End(reason);
  }

  HandoverServer* const server_;
  const io::FileDescriptor fd_;
  const int64_t pid_;
  State state_ = State::kConnected;
  Sockets sockets_;
  size_t next_ = 0;  // of sockets_
  base::FunctionTimer deadline_;
  std::unique_ptr<io::ReadableWatch> watch_;
  // Shared with a call that may outlive the connection.
  std::shared_ptr<Successor*> self_ = std::make_shared<Successor*>(this);
};

HandoverServer::HandoverServer(io::Loop& loop, io::FileDescriptor socket, base::Logger& logger,
                               Actions actions, int64_t deadline_ms)
    : loop_(loop),
      logger_(logger),
      actions_(std::move(actions)),
      deadline_ms_(deadline_ms),
      listener_(std::make_unique<io::Listener>(
          loop, std::move(socket),
          [this](io::FileDescriptor fd, const io::SocketAddress&) {
            Accept(std::move(fd));
            return true;
          },
          [](const std::string&) {})) {}

HandoverServer::~HandoverServer() { loop_.DeferDelete(std::move(successor_)); }

bool HandoverServer::in_progress() const {
  return successor_ != nullptr && successor_->has_begun();
}

void HandoverServer::Accept(io::FileDescriptor fd) {
  const absl::StatusOr<io::PeerCredentials> peer = io::PeerOf(fd.get());
  std::string reason;
  if (!peer.ok()) {
    reason = std::string(peer.status().message());
  } else if (peer->uid != 0 && peer->uid != geteuid()) {
    reason = absl::StrCat("user ", peer->uid, " may not take over from a process of user ",
                          geteuid(), "; start it as the same user or as root");
  } else if (successor_ != nullptr) {
    reason = absl::StrCat("process ", successor_->pid(),
                          " is taking over already; wait until it serves or has failed");
  }
  if (reason.empty()) {
    successor_ = std::make_unique<Successor>(this, std::move(fd), peer->pid);
    if (const absl::Status begun = successor_->Begin(); begun.ok()) return;
    reason = "this process is short of descriptors or memory";
    loop_.DeferDelete(std::move(successor_));
  } else {
    (void)io::SendPacket(fd.get(), HandoverRefusal(reason));
  }
  logger_.Warn("upgrade_failed", "Another process was refused the listening sockets.",
               {{"pid", peer.ok() ? peer->pid : 0}, {"reason", reason}});
  actions_.not_replaced();
}

void HandoverServer::OnReady(const std::vector<const PassedSockets*>& taken) {
  logger_.Info("upgrade_done", "Another process has taken over the listening sockets.",
               {{"pid", successor_->pid()}});
  actions_.hand_over(taken, successor_->pid());
  listener_.reset();
}

void HandoverServer::End(const std::string& reason) {
  const bool begun = in_progress();
  const int64_t pid = successor_->pid();
  loop_.DeferDelete(std::move(successor_));
  if (reason.empty()) return;
  logger_.Warn("upgrade_failed",
               "Another process did not take over the listening sockets; this one continues.",
               {{"pid", pid}, {"reason", reason}});
  actions_.not_replaced();
  if (begun) actions_.failed();
}

}  // namespace mantlet::server
