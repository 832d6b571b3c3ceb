#include "proxy/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace mantlet::base {

void CheckFailed(const char* file, int line, const char* condition, const char* why) {
  // Not through the log, which may be what is broken.
  std::fprintf(stderr, "mantlet: internal error at %s:%d: %s (%s); please report it\n", file, line,
               why, condition);
  std::abort();
}

}  // namespace mantlet::base
