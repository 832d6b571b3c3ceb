// Sets up the attributes that a process inherits (descriptors, signal settings, resource limits,
// umask), so that the rest of the program can rely on them. Call these functions on the main
// thread, before any other thread is started and before any file is opened.

#ifndef MANTLET_PROXY_BASE_PROCESS_SETUP_H_
#define MANTLET_PROXY_BASE_PROCESS_SETUP_H_

#include <cstdint>

namespace mantlet::base {

// Opens a placeholder for each of the descriptors 0, 1 and 2 that is closed, so that no file,
// socket or pipe gets one of these numbers and then receives what is written to standard output or
// standard error. Reading from and writing to a placeholder fails. Returns false if no placeholder
// can be opened.
bool OpenStandardStreams();

// PrepareDaemon prepares the process to run as a daemon:
// - It unblocks all signals and ignores those that report a failed write (SIGPIPE, SIGXFSZ,
// SIGTTOU):
//   the write itself returns the error. It disarms timers of setitimer(2).
// - It sets the umask so that the owner always has access to files that are created.
// - It raises the soft limit of open files to the hard limit.
// - It gives new threads a stack of at least 2 MiB, whatever the soft limit is.
void PrepareDaemon();

// Returns the soft limit of open files of this process.
uint64_t OpenFileLimit();

}  // namespace mantlet::base

#endif  // MANTLET_PROXY_BASE_PROCESS_SETUP_H_
