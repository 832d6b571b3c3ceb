// Circuit decides whether connections to one address of an upstream are attempted.
//
// It opens after kFailures failures to connect without a success in between. While it is open, no
// request causes a connection; one trial connection at a time is made instead, in growing pauses,
// and the first that succeeds closes the circuit. Each pause is a tenth longer than the one before,
// so an address that was absent for some time is used again after at most a tenth more than that
// (kFirstPauseMs at least, kLongestPauseMs at most). Each pause is shortened by a random part, so
// that many processes do not connect at the same moments.
//
// Pure: the time and the random numbers are passed in. One loop's thread only.

#ifndef MANTLET_PROXY_UPSTREAM_CIRCUIT_H_
#define MANTLET_PROXY_UPSTREAM_CIRCUIT_H_

#include <cstdint>

namespace mantlet::upstream {

class Circuit {
 public:
  static constexpr int kFailures = 5;
  static constexpr int64_t kFirstPauseMs = 50;
  static constexpr int64_t kLongestPauseMs = 2'000;

  bool is_open() const { return open_; }
  // Returns when the first of the failures without a success in between occurred. Only while there
  // are failures.
  int64_t failing_since_ms() const { return failing_since_ms_; }

  // A connection was established. Returns whether that has closed the circuit.
  bool OnSuccess();
  // A connection for a request could not be established. `random` is any number. Returns whether
  // that has opened the circuit.
  bool OnFailure(int64_t now_ms, uint32_t random);

  // ---- while it is open

  // Returns when the next trial begins. It has no meaning during a trial.
  int64_t trial_at_ms() const { return trial_at_ms_; }
  // The trial connection could not be established.
  void OnTrialFailure(int64_t now_ms, uint32_t random);

 private:
  void Pause(int64_t now_ms, uint32_t random);

  bool open_ = false;
  int failures_ = 0;  // without a success in between, until the circuit opens
  int64_t failing_since_ms_ = 0;
  int64_t pause_ms_ = 0;
  int64_t trial_at_ms_ = 0;
};

}  // namespace mantlet::upstream

#endif  // MANTLET_PROXY_UPSTREAM_CIRCUIT_H_
