// Overwrites what functions that have returned left on the stack: the TLS library leaves the nonce
// of an ECDSA signature there, with which everybody who has the signature can compute the private
// key.
//
// Any thread. One call costs less than a microsecond.

#ifndef MANTLET_PROXY_BASE_STACK_WIPE_H_
#define MANTLET_PROXY_BASE_STACK_WIPE_H_

#include <cstddef>

namespace mantlet::base {

// How far below the caller's frame WipeStack() reaches: farther than the library does.
inline constexpr size_t kWipedStackBytes = 16 * 1024;

void WipeStack();

}  // namespace mantlet::base

#endif  // MANTLET_PROXY_BASE_STACK_WIPE_H_
