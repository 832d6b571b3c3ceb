#include "proxy/upstream/lease.h"

#include <utility>

#include "proxy/upstream/connection.h"
#include "proxy/upstream/pool.h"

namespace mantlet::upstream {

Lease::Lease() = default;

Lease::Lease(std::shared_ptr<Pool> pool, std::unique_ptr<Connection> connection)
    : pool_(std::move(pool)),
      began_ms_(pool_->now_ms()),
      connection_(std::move(connection)),
      writer_(connection_ == nullptr ? nullptr : &connection_->writer()) {}

Lease::Lease(std::shared_ptr<Pool> pool, std::unique_ptr<http::RequestWriter> stream)
    : pool_(std::move(pool)),
      began_ms_(pool_->now_ms()),
      stream_(std::move(stream)),
      writer_(stream_.get()) {}

Lease::Lease(Lease&& other) noexcept
    : pool_(std::move(other.pool_)),
      began_ms_(other.began_ms_),
      connection_(std::move(other.connection_)),
      stream_(std::move(other.stream_)),
      writer_(std::exchange(other.writer_, nullptr)) {}

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this == &other) return *this;
  Release();
  pool_ = std::move(other.pool_);
  began_ms_ = other.began_ms_;
  connection_ = std::move(other.connection_);
  stream_ = std::move(other.stream_);
  writer_ = std::exchange(other.writer_, nullptr);
  return *this;
}

Lease::~Lease() { Release(); }

void Lease::Release() {
  if (writer_ == nullptr) return;
  writer_ = nullptr;
  // The pool's next action may destroy this lease.
  const std::shared_ptr<Pool> pool = std::move(pool_);
  pool->CountUse(began_ms_);
  if (connection_ != nullptr) {
    pool->Return(std::move(connection_));
    return;
  }
  // The pool learns of it from the connection.
  const std::unique_ptr<http::RequestWriter> stream = std::move(stream_);
}

}  // namespace mantlet::upstream
