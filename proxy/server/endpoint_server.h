// EndpointServer is a small plaintext HTTP/1.1 server for the metrics and admin endpoints. It reads
// whole requests and writes whole responses, which a pure handler creates (observe/endpoint.h).
//
// Each turn of the loop answers at most one request of each connection. The next request of a
// pipeline is answered only after the client has read the last response. A page is rendered once
// for all requests that wait for it. So other clients delay a probe by a few milliseconds at most.
//
// Main loop only.

#ifndef MANTLET_PROXY_SERVER_ENDPOINT_SERVER_H_
#define MANTLET_PROXY_SERVER_ENDPOINT_SERVER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "proxy/io/deferred_call.h"
#include "proxy/io/file_descriptor.h"
#include "proxy/io/listener.h"
#include "proxy/io/loop.h"
#include "proxy/observe/endpoint.h"

namespace mantlet::server {

class EndpointServer {
 public:
  using Handler = std::function<observe::EndpointResponse(const observe::EndpointRequest&)>;

  // Takes over a request that cannot be answered at once, and returns true; then the callback is
  // called once, maybe before the return, also when the client is gone. Returns false if the
  // handler is to answer. The request is valid during the call.
  using Respond = std::function<void(const observe::EndpointResponse&)>;
  using Deferral = std::function<bool(const observe::EndpointRequest&, Respond)>;

  enum class Pages : uint8_t {
    kShared,         // the response to a GET depends only on its path, Host and Origin
    kOfEachRequest,  // the response may depend on everything
  };

  EndpointServer(io::Loop& loop, io::FileDescriptor socket, Handler handler,
                 Pages pages = Pages::kShared);
  ~EndpointServer();
  EndpointServer(const EndpointServer&) = delete;

  void SetDeferral(Deferral deferral) { deferral_ = std::move(deferral); }

  // Returns another descriptor of the listening socket (io::Listener::Duplicate); not after
  // Drain().
  io::FileDescriptor DuplicateSocket() const { return listener_->Duplicate(); }
  // Accepts nothing more, because another process does. The next response on each connection is the
  // last; connections without a request end after `grace_ms`. `on_empty` is called once, when no
  // connection is left, maybe before the return. Not from inside a handler.
  void Drain(int64_t grace_ms, std::function<void()> on_empty);

 private:
  class Client;

  void Accept(io::FileDescriptor fd, const io::SocketAddress& peer);
  void Finish(Client* client);

  // The responses of one turn.
  struct Memo {
    std::map<std::string, observe::EndpointResponse> pages;
    observe::EndpointResponse other;
  };
  void ReportIfEmpty();
  void Enqueue(Client* client);
  void AnswerWaiting();
  const observe::EndpointResponse& ResponseTo(const observe::EndpointRequest& request, Memo& memo);

  io::Loop& loop_;
  Handler handler_;
  Deferral deferral_;
  const Pages pages_;
  std::map<Client*, std::unique_ptr<Client>> clients_;
  std::vector<Client*> oldest_first_;
  std::vector<Client*> waiting_;            // each with a whole request, in the order of arrival
  std::unique_ptr<io::Listener> listener_;  // null once it drains
  std::function<void()> on_empty_;          // set by Drain() until it is called
  bool draining_ = false;
  io::DeferredCall answer_;
};

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_ENDPOINT_SERVER_H_
