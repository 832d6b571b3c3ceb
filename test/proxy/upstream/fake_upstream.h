// An upstream in the process and loop of the test, on a Unix socket. It accepts connections, keeps
// the received bytes and sends what the test requests.

#ifndef MANTLET_TEST_PROXY_UPSTREAM_FAKE_UPSTREAM_H_
#define MANTLET_TEST_PROXY_UPSTREAM_FAKE_UPSTREAM_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/io/listener.h"
#include "proxy/io/loop.h"
#include "proxy/io/stream.h"
#include "proxy/upstream/target.h"
#include "test/proxy/io/recording_handler.h"
#include "test/proxy/io/temp_directory.h"

namespace mantlet::upstream {

class FakeUpstream {
 public:
  struct Peer {
    void Say(std::string_view bytes) {
      stream->Write(bytes);
      stream->Flush();
    }
    void Hang() { stream->Close(); }

    std::unique_ptr<io::Stream> stream;
    io::RecordingHandler handler;
  };

  explicit FakeUpstream(io::Loop& loop)
      : loop_(loop),
        address_(io::SocketAddress::Unix(directory_.File("app.sock")).value()),
        listener_(
            loop, io::OpenListeningSocket(address_).value(),
            [this](io::FileDescriptor fd, const io::SocketAddress&) {
              Accept(std::move(fd));
              return true;
            },
            [](const std::string&) {}) {}

  // A configuration with this upstream's address, for the test to change.
  std::shared_ptr<Target> MakeTarget() const {
    auto target = std::make_shared<Target>();
    target->config.name = "app";
    target->addresses = {address_};
    target->address_text = "unix:app";
    return target;
  }
  const io::SocketAddress& address() const { return address_; }

  std::vector<std::unique_ptr<Peer>> peers;  // in the order of their arrival
  std::function<void(Peer&)> on_data;        // after each read; `handler.data` has all bytes

 private:
  void Accept(io::FileDescriptor fd) {
    Peer* peer = peers.emplace_back(std::make_unique<Peer>()).get();
    peer->stream = io::Stream::FromFd(loop_, fd.Release(), true).value();
    peer->stream->SetHandler(&peer->handler);
    peer->handler.on_data = [this, peer](std::string_view) {
      if (on_data) on_data(*peer);
    };
    peer->stream->SetReading(true);
  }

  io::TempDirectory directory_;
  io::Loop& loop_;
  io::SocketAddress address_;
  io::Listener listener_;
};

}  // namespace mantlet::upstream

#endif  // MANTLET_TEST_PROXY_UPSTREAM_FAKE_UPSTREAM_H_
