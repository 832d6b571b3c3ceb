#include "proxy/sandbox/process_flags.h"

#include <sys/prctl.h>
#include <sys/resource.h>

namespace mantlet::sandbox {

bool DisableDumps() {
  const rlimit none = {.rlim_cur = 0, .rlim_max = 0};
  const bool limited = setrlimit(RLIMIT_CORE, &none) == 0;
  return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && limited;
}

bool SetNoNewPrivileges() { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0; }

}  // namespace mantlet::sandbox
