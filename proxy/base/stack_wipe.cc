#include "proxy/base/stack_wipe.h"

#include <cstring>

namespace mantlet::base {

// Not inlined: the buffer has to be where the frames of other functions were.
[[gnu::noinline]] void WipeStack() {
  char buffer[kWipedStackBytes];
  explicit_bzero(buffer, sizeof(buffer));
}

}  // namespace mantlet::base
