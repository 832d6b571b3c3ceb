#include "proxy/upstream/socket_connector.h"

#include <utility>

#include "proxy/io/stream.h"

namespace mantlet::upstream {
namespace {

class SocketAttempt final : public Connector::Attempt {
 public:
  SocketAttempt(io::Loop& loop, const io::SocketAddress& address, Connector::Callback done)
      : done_(std::move(done)),
        stream_(io::Stream::Connect(loop, address,
                                    [this](const io::StreamError* error) { Finish(error); })) {}

 private:
  void Finish(const io::StreamError* error) {
    const Connector::Callback done =
        std::move(done_);  // a copy, because the call may destroy this object
    if (error == nullptr) {
      done(Connector::Connected{std::move(stream_)});
    } else {
      done(*error);
    }
  }

  Connector::Callback done_;
  std::unique_ptr<io::Stream> stream_;
};

}  // namespace

std::unique_ptr<Connector::Attempt> SocketConnector::Connect(const io::SocketAddress& address,
                                                             Callback done) {
  return std::make_unique<SocketAttempt>(loop_, address, std::move(done));
}

}  // namespace mantlet::upstream
