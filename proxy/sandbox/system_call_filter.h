// The seccomp filter: the system calls that a compromised mantlet could not make. Everything that
// is not in system_calls.h, or below with the arguments that are allowed, fails.
//
// A refused call fails with ENOSYS, as on a kernel without it, and is reported to the kernel's
// audit log. The process is not ended: a library that tries a newer call first then uses the older
// one, and a call that is missing in the list is an error of one operation and not an outage.

#ifndef MANTLET_PROXY_SANDBOX_SYSTEM_CALL_FILTER_H_
#define MANTLET_PROXY_SANDBOX_SYSTEM_CALL_FILTER_H_

#include "proxy/sandbox/mechanism.h"

namespace mantlet::sandbox {

// Restricts all threads of this process, and those it creates later, to the allowed system calls,
// for good. Call it after SetNoNewPrivileges(). The result is kOn, or kUnavailable with the reason;
// then nothing is restricted.
Mechanism FilterSystemCalls();

}  // namespace mantlet::sandbox

#endif  // MANTLET_PROXY_SANDBOX_SYSTEM_CALL_FILTER_H_
