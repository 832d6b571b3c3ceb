// Lease is the right to send one request over a connection of a pool: an HTTP/1 connection of its
// own, or one stream of an HTTP/2 connection. Its destructor returns the capacity to the pool. If
// the request and its response are complete, an HTTP/1 connection is kept for the next request;
// otherwise it is closed, and a stream is reset. There is no other way to return capacity, so none
// can leak.
//
// A lease can be moved but not copied, and keeps its pool alive. One loop's thread only.

#ifndef MANTLET_PROXY_UPSTREAM_LEASE_H_
#define MANTLET_PROXY_UPSTREAM_LEASE_H_

#include <cstdint>
#include <memory>

#include "proxy/http/codec.h"

namespace mantlet::upstream {

class Connection;
class Pool;

class Lease {
 public:
  Lease();  // empty
  Lease(Lease&& other) noexcept;
  Lease& operator=(Lease&& other) noexcept;
  ~Lease();

  explicit operator bool() const { return writer_ != nullptr; }
  // The lease must not be empty.
  http::RequestWriter* operator->() const { return writer_; }

  // Returns the capacity now. The lease is empty afterwards.
  void Release();

 private:
  friend class Pool;
  Lease(std::shared_ptr<Pool> pool, std::unique_ptr<Connection> connection);
  Lease(std::shared_ptr<Pool> pool, std::unique_ptr<http::RequestWriter> stream);

  std::shared_ptr<Pool> pool_;
  int64_t began_ms_ = 0;  // by the loop's clock
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<http::RequestWriter> stream_;
  http::RequestWriter* writer_ = nullptr;  // the connection's, or the stream
};

}  // namespace mantlet::upstream

#endif  // MANTLET_PROXY_UPSTREAM_LEASE_H_
