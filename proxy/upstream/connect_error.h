// The errors of attempts to connect to an upstream, as values for requests. Pure; any thread.

#ifndef MANTLET_PROXY_UPSTREAM_CONNECT_ERROR_H_
#define MANTLET_PROXY_UPSTREAM_CONNECT_ERROR_H_

#include "proxy/base/proxy_error.h"
#include "proxy/io/byte_stream.h"

namespace mantlet::upstream {

inline base::ProxyError ConnectTimeout() {
  return base::ProxyError(base::ErrorReason::kConnectTimeout,
                          "no connection within upstreams[].timeouts.connect");
}

inline base::ProxyError QueueFullTimeout() {
  return base::ProxyError(base::ErrorReason::kConnectTimeout,
                          "the application's listen queue was full for longer than "
                          "upstreams[].timeouts.connect");
}

inline base::ProxyError ConnectError(const io::StreamError& error) {
  switch (error.failure) {
    case io::StreamFailure::kConnectRefused:
      return base::ProxyError(base::ErrorReason::kConnectRefused, error.detail);
    case io::StreamFailure::kTimedOut:
      return base::ProxyError(base::ErrorReason::kConnectTimeout, error.detail);
    case io::StreamFailure::kQueueFull:
      return base::ProxyError(base::ErrorReason::kConnectTimeout,
                              "the application's listen queue is full");
    case io::StreamFailure::kLocal:
    case io::StreamFailure::kReset:
    case io::StreamFailure::kTls:
    case io::StreamFailure::kIo:
      break;
  }
  return base::ProxyError(base::ErrorReason::kConnectFailed, error.detail);
}

}  // namespace mantlet::upstream

#endif  // MANTLET_PROXY_UPSTREAM_CONNECT_ERROR_H_
