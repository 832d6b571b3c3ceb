// Brings what a process inherits (descriptors, signal settings, resource limits, umask) into the
// state that the rest of the program relies on. Main thread, before any other thread and before any
// file is opened.

#ifndef MANTLET_PROXY_BASE_PROCESS_SETUP_H_
#define MANTLET_PROXY_BASE_PROCESS_SETUP_H_

#include <cstdint>

namespace mantlet::base {

// Opens a placeholder for each of the descriptors 0, 1 and 2 that is closed, so that no file,
// socket or pipe gets one of these numbers and then receives what is written to standard output or
// standard error. Reading from and writing to a placeholder fails. Returns false if no placeholder
// can be opened.
bool OpenStandardStreams();

// Prepares the process to be a daemon:
// - no signal is blocked, and those that report a failed write (SIGPIPE, SIGXFSZ, SIGTTOU) are
//   ignored: the write itself returns the error; timers of setitimer(2) are disarmed;
// - files that are created stay accessible to their owner, whatever the umask says;
// - the soft limit of open files is raised to the hard one;
// - threads get a stack of at least 2 MiB, whatever the soft limit says.
void PrepareDaemon();

// Returns the soft limit of open files of this process.
uint64_t OpenFileLimit();

}  // namespace mantlet::base

#endif  // MANTLET_PROXY_BASE_PROCESS_SETUP_H_
