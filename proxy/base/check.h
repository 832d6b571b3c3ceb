// MANTLET_CHECK ends the process if a condition is false. It is for conditions that no input, no
// peer and no lack of memory can make false: if one fails, the program has a bug and its state
// cannot be trusted. The condition is evaluated in every build. `why` is a literal that states the
// assumption that the code below relies on.
//
// Operations that can fail return a value instead. Bytes from a peer never reach a check.

#ifndef MANTLET_PROXY_BASE_CHECK_H_
#define MANTLET_PROXY_BASE_CHECK_H_

#include "absl/base/optimization.h"

namespace mantlet::base {

// Writes one line to standard error and aborts. Any thread; allocates nothing.
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition, const char* why);

}  // namespace mantlet::base

#define MANTLET_CHECK(condition, why) \
  (ABSL_PREDICT_TRUE(condition)       \
       ? static_cast<void>(0)         \
       : ::mantlet::base::CheckFailed(__FILE__, __LINE__, #condition, why))

#endif  // MANTLET_PROXY_BASE_CHECK_H_
