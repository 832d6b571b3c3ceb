// What an epoll instance of the bench points to: its events' data is a Pollable.

#ifndef MANTLET_TEST_BENCH_UPSTREAM_POLLABLE_H_
#define MANTLET_TEST_BENCH_UPSTREAM_POLLABLE_H_

#include <cstdint>

namespace mantlet::bench {

class Pollable {
 public:
  // Of epoll_wait(2). It may be gone afterwards.
  virtual void OnEvents(uint32_t events) = 0;

 protected:
  ~Pollable() = default;
};

}  // namespace mantlet::bench

#endif  // MANTLET_TEST_BENCH_UPSTREAM_POLLABLE_H_
