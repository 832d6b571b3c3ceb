// What a process inherits from whoever starts it: descriptors, signal settings, resource limits,
// the umask. Brings it into the state that the rest of the program relies on. Main thread, before
// any other thread and before any file is opened.

#ifndef MANTLET_PROXY_BASE_PROCESS_SETUP_H_
#define MANTLET_PROXY_BASE_PROCESS_SETUP_H_

#include <cstdint>

namespace mantlet::base {

// Opens a placeholder for each of the descriptors 0, 1 and 2 that is closed, so that no file,
// socket or pipe gets one of these numbers and then receives what is meant for standard output or
// standard error. Reading from and writing to a placeholder fails. Returns false if there is
// nothing that could take the place.
bool OpenStandardStreams();

// For a daemon:
// - no signal is blocked, and those that report a failed write (SIGPIPE, SIGXFSZ, SIGTTOU) are
//   ignored: the write itself returns the error; timers of setitimer(2) are disarmed;
// - files that are created stay accessible to their owner, whatever the umask says;
// - the soft limit of open files is raised to the hard one;
// - threads get a stack of at least 2 MiB, whatever the soft limit says.
void PrepareDaemon();

// The soft limit of open files of this process.
uint64_t OpenFileLimit();

}  // namespace mantlet::base

#endif  // MANTLET_PROXY_BASE_PROCESS_SETUP_H_
