// A small HTTP/1.1 server for the metrics and admin listeners: plaintext, on the
// main loop, whole requests in and whole responses out. What is answered is
// decided by a pure handler (observe/endpoint.h).

#ifndef MANTLET_PROXY_SERVER_ENDPOINT_SERVER_H_
#define MANTLET_PROXY_SERVER_ENDPOINT_SERVER_H_

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "proxy/io/file_descriptor.h"
#include "proxy/io/listener.h"
#include "proxy/io/loop.h"
#include "proxy/observe/endpoint.h"

namespace mantlet::server {

class EndpointServer {
 public:
  using Handler = std::function<observe::EndpointResponse(const observe::EndpointRequest&)>;

  EndpointServer(io::Loop& loop, io::FileDescriptor socket, Handler handler);
  ~EndpointServer();
  EndpointServer(const EndpointServer&) = delete;

 private:
  class Client;

  void Accept(io::FileDescriptor fd, const io::SocketAddress& peer);
  void Over(Client* client);

  io::Loop& loop_;
  Handler handler_;
  std::map<Client*, std::unique_ptr<Client>> clients_;
  std::vector<Client*> oldest_first_;
  io::Listener listener_;
};

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_ENDPOINT_SERVER_H_
