// MANTLET_CHECK ends the process when a condition is false that no input, no peer and no lack of
// memory can make false: a mistake of this program, after which its own state means nothing. It is
// evaluated in every build. `why` is a literal: what the code that follows relies on.
//
// What can fail returns a value instead; bytes of a peer never reach a check.

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
