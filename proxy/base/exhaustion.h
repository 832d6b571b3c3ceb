// What happens when the system refuses what the process cannot be without: it ends with exit status
// 1 and one sentence on standard error, so that its supervisor starts it again. Nothing is unwound:
// an exception cannot pass through the frames of libuv, nghttp2 and BoringSSL, and code that runs
// without memory fails in ways that nobody has tested.
//
// Any thread. Nothing here allocates.

#ifndef MANTLET_PROXY_BASE_EXHAUSTION_H_
#define MANTLET_PROXY_BASE_EXHAUSTION_H_

#include <cstddef>

namespace mantlet::base {

// Writes "mantlet: PROBLEM; ADVICE" and ends the process.
[[noreturn]] void EndExhausted(const char* problem, const char* advice);

// The handler for std::set_new_handler().
[[noreturn]] void EndOutOfMemory();

// malloc(3), calloc(3) and realloc(3) for the C libraries that do not survive a failure of them.
// They never fail.
void* MallocOrEnd(size_t size);
void* CallocOrEnd(size_t count, size_t size);
void* ReallocOrEnd(void* block, size_t size);

}  // namespace mantlet::base

#endif  // MANTLET_PROXY_BASE_EXHAUSTION_H_
