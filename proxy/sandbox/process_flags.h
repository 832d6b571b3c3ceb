// Flags of the process that only ever restrict it. They apply to all threads that exist later, so
// call these functions on the main thread before another thread starts.

#ifndef MANTLET_PROXY_SANDBOX_PROCESS_FLAGS_H_
#define MANTLET_PROXY_SANDBOX_PROCESS_FLAGS_H_

namespace mantlet::sandbox {

// Keeps the memory of this process to itself: the kernel writes no core dump, and no process
// without CAP_SYS_PTRACE, not even one of the same user, can read the memory or attach a debugger.
// The files of this process in /proc belong to root afterwards. A change of the user resets this,
// so call it again after one. Returns false if the kernel refuses.
bool DisableDumps();

// No program that this process executes gains privileges (set-user-ID bits, file capabilities).
// Required by Landlock and seccomp without CAP_SYS_ADMIN. Returns false if the kernel refuses.
bool SetNoNewPrivileges();

}  // namespace mantlet::sandbox

#endif  // MANTLET_PROXY_SANDBOX_PROCESS_FLAGS_H_
