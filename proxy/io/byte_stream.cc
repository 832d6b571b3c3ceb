#include "proxy/io/byte_stream.h"

namespace mantlet::io {

std::string_view ToString(StreamFailure failure) {
  switch (failure) {
    case StreamFailure::kConnectRefused:
      return "connect_refused";
    case StreamFailure::kReset:
      return "reset";
    case StreamFailure::kTimedOut:
      return "timed_out";
    case StreamFailure::kLocal:
      return "local";
    case StreamFailure::kQueueFull:
      return "queue_full";
    case StreamFailure::kTls:
      return "tls";
    case StreamFailure::kIo:
      return "io";
  }
  return "unknown";
}

}  // namespace mantlet::io
