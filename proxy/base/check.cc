#include "proxy/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace mantlet::base {

void CheckFailed(const char* file, int line, const char* condition, const char* why) {
  // The log is not used: it may be the part that is broken.
  std::fprintf(stderr, "mantlet: internal error at %s:%d: %s (%s); please report it\n", file, line,
               why, condition);
  std::abort();
}

}  // namespace mantlet::base
