// ClosedStreams remembers streams that have ended, as far as frames may still come for them: a peer
// that has not yet heard of our RST_STREAM goes on for a while (RFC 9113 section 5.1), one that
// ended the stream itself may not.
//
// Pure; one connection.

#ifndef MANTLET_PROXY_HTTP2_CLOSED_STREAMS_H_
#define MANTLET_PROXY_HTTP2_CLOSED_STREAMS_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace mantlet::http2 {

class ClosedStreams {
 public:
  // What a frame that opens a stream, or carries content, means for a stream that is not open.
  enum class Answer : uint8_t {
    kIgnore,        // we have reset it
    kStreamClosed,  // the peer has ended or reset it: STREAM_CLOSED
    kUnknown,       // it was never opened, or ended long ago
  };

  void AddEnded(int32_t stream_id) { ended_[next_ended_++ % ended_.size()] = stream_id; }
  void AddReset(int32_t stream_id) {
    if (reset_.size() < kMostReset) {
      reset_.push_back(stream_id);
    } else {
      reset_[next_reset_++ % kMostReset] = stream_id;
    }
  }
  Answer Find(int32_t stream_id) const {
    if (std::find(reset_.begin(), reset_.end(), stream_id) != reset_.end()) return Answer::kIgnore;
    const bool ended = std::find(ended_.begin(), ended_.end(), stream_id) != ended_.end();
    return ended ? Answer::kStreamClosed : Answer::kUnknown;
  }

 private:
  // More than a connection can have reset by us within one round trip.
  static constexpr size_t kMostReset = 1024;

  std::array<int32_t, 16> ended_ = {};
  std::vector<int32_t> reset_;
  size_t next_ended_ = 0;
  size_t next_reset_ = 0;
};

}  // namespace mantlet::http2

#endif  // MANTLET_PROXY_HTTP2_CLOSED_STREAMS_H_
