// The upstream of a measurement: a server of HTTP/1.1, and of HTTP/2 by prior knowledge, that costs
// next to nothing. It lives
// on somebody's epoll instance: on its own processor on that of a process of its own,
// else on the load generator's (see test/bench/README.md).
//
// One thread. The epoll instance must outlive it.

#ifndef MANTLET_TEST_BENCH_UPSTREAM_SERVER_H_
#define MANTLET_TEST_BENCH_UPSTREAM_SERVER_H_

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "proxy/io/file_descriptor.h"
#include "test/bench/upstream/exchange.h"
#include "test/bench/upstream/pollable.h"

namespace mantlet::bench {

class Server : private Pollable {
 public:
  // `listener` is a listening, non-blocking socket, which others may have, too. Events
  // of `epoll` have a Pollable as their data, on which the caller calls OnEvents().
  Server(int epoll, io::FileDescriptor listener);
  ~Server();
  Server(const Server&) = delete;

  // Takes new connections, or closes those it has and takes none.
  void SetServing(bool serving);

 private:
  class Client;

  void OnEvents(uint32_t events) override;  // of the listener

  const int epoll_;
  const io::FileDescriptor listener_;
  const Answers answers_;
  const std::unique_ptr<char[]> buffer_;
  std::unordered_map<Client*, std::unique_ptr<Client>> clients_;
  bool serving_ = false;
};

}  // namespace mantlet::bench

#endif  // MANTLET_TEST_BENCH_UPSTREAM_SERVER_H_
