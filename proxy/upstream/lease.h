// Lease is the right to send one request over a connection of a pool. Its destruction gives
// the capacity back, whatever became of the request: a connection whose request was sent and
// answered whole is kept for the next one, any other is closed. There is no other way to
// return a connection, so that none can be forgotten.
//
// Move-only. Keeps its pool alive. One loop's thread only.

#ifndef MANTLET_PROXY_UPSTREAM_LEASE_H_
#define MANTLET_PROXY_UPSTREAM_LEASE_H_

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

  explicit operator bool() const { return connection_ != nullptr; }
  // Requires that the lease is not empty.
  http::RequestWriter* operator->() const { return writer_; }

  // Gives the capacity back now. The lease is empty afterwards.
  void Release();

 private:
  friend class Pool;
  Lease(std::shared_ptr<Pool> pool, std::unique_ptr<Connection> connection);

  std::shared_ptr<Pool> pool_;
  std::unique_ptr<Connection> connection_;
  http::RequestWriter* writer_ = nullptr;  // the connection's
};

}  // namespace mantlet::upstream

#endif  // MANTLET_PROXY_UPSTREAM_LEASE_H_
