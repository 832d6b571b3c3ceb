// FloodGuard decides when a peer makes more work than its requests are worth: resets of streams
// (CVE-2023-44487 and its relatives), control frames, and DATA frames without data. What serves a
// request earns allowance; what does not uses it up.
//
// Pure but for the times it is given, in milliseconds of one monotonic clock. One connection.

#ifndef MANTLET_PROXY_HTTP2_FLOOD_GUARD_H_
#define MANTLET_PROXY_HTTP2_FLOOD_GUARD_H_

#include <cstdint>

namespace mantlet::http2 {

class FloodGuard {
 public:
  // `streams` resets in a row are allowed: as many as streams can be open at a time.
  explicit FloodGuard(uint32_t streams);

  // A stream was reset before its response began, by the client or because of what it sent. False:
  // there are too many of them.
  bool OnReset(int64_t now_ms);
  // A frame that carries no part of a message: PING, SETTINGS, PRIORITY, WINDOW_UPDATE, RST_STREAM
  // and unknown ones. False: there are too many of them.
  bool OnControlFrame(int64_t now_ms);
  // A DATA or CONTINUATION frame with nothing in it that does not end anything.
  bool OnEmptyFrame(int64_t now_ms);
  // A response was completed.
  void OnResponse() { resets_.Earn(1); }
  // A DATA frame was sent or received: WINDOW_UPDATE frames are due for it.
  void OnData() { control_.Earn(kControlPerData); }

 private:
  static constexpr double kControlPerData = 4;

  class Allowance {
   public:
    Allowance(double most, double per_second) : most_(most), per_second_(per_second), left_(most) {}
    bool Spend(int64_t now_ms);
    void Earn(double amount);

   private:
    const double most_;
    const double per_second_;
    double left_;
    int64_t since_ms_ = -1;
  };

  Allowance resets_;
  Allowance control_;
  Allowance empty_;
};

}  // namespace mantlet::http2

#endif  // MANTLET_PROXY_HTTP2_FLOOD_GUARD_H_
