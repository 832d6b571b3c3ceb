// How often this process has asked for memory. Who links it gets an operator new that
// counts, so it belongs into tests that promise to allocate nothing, and nowhere else.

#ifndef MANTLET_TEST_ALLOCATION_COUNT_H_
#define MANTLET_TEST_ALLOCATION_COUNT_H_

#include <cstddef>

namespace mantlet {

size_t AllocationCount();

}  // namespace mantlet

#endif  // MANTLET_TEST_ALLOCATION_COUNT_H_
