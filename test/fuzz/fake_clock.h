// FakeClock replaces the monotonic time of the whole process: libuv and mantlet see time pass only
// when the target lets it. So timeouts of an hour take no time, and a run can be repeated exactly.
//
// Link //test/fuzz:fake_clock; it defines clock_gettime(2) for the executable and the libraries
// that it uses. The time of day is not changed.

#ifndef MANTLET_TEST_FUZZ_FAKE_CLOCK_H_
#define MANTLET_TEST_FUZZ_FAKE_CLOCK_H_

#include <cstdint>

namespace mantlet::fuzz {

// Lets `ms` milliseconds pass.
void PassMs(int64_t ms);

}  // namespace mantlet::fuzz

#endif  // MANTLET_TEST_FUZZ_FAKE_CLOCK_H_
