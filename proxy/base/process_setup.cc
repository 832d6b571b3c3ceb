#include "proxy/base/process_setup.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>

namespace mantlet::base {
namespace {

constexpr size_t kThreadStackBytes = size_t{2} << 20;
constexpr mode_t kOwnerBits = 0700;

// Opens a placeholder with the wrong access mode, so that a write to a missing standard output
// fails instead of succeeding silently. "/" is the fallback if /dev does not exist.
int OpenPlaceholder(int number) {
  const int access = number == STDIN_FILENO ? O_WRONLY : O_RDONLY;
  const int fd = open("/dev/null", access | O_NOCTTY);
  return fd >= 0 ? fd : open("/", O_RDONLY | O_DIRECTORY);
}

void RaiseSoftLimit(decltype(RLIMIT_NOFILE) resource, rlim_t wanted) {
  rlimit limit;
  if (getrlimit(resource, &limit) != 0) return;
  const rlim_t raised = std::min(wanted, limit.rlim_max);
  if (raised <= limit.rlim_cur) return;
  limit.rlim_cur = raised;
  setrlimit(resource, &limit);
}

}  // namespace

bool OpenStandardStreams() {
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(number, F_GETFD) >= 0 || errno != EBADF) continue;
    // open(2) returns the lowest free number, which is the missing one.
    if (OpenPlaceholder(number) != number) return false;
  }
  return true;
}

void PrepareDaemon() {
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGPIPE, SIGXFSZ, SIGTTOU}) signal(number, SIG_IGN);
  const itimerval disarmed = {};
  for (const auto timer : {ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF}) {
    setitimer(timer, &disarmed, nullptr);
  }

  umask(umask(0) & ~kOwnerBits);

  // The usual soft limit of 1024 is meant for programs that use select(2).
  RaiseSoftLimit(RLIMIT_NOFILE, std::numeric_limits<rlim_t>::max());
  RaiseSoftLimit(RLIMIT_STACK, kThreadStackBytes);  // the default of new threads
  pthread_attr_t attributes;
  size_t size = 0;
  if (pthread_getattr_default_np(&attributes) != 0) return;
  if (pthread_attr_getstacksize(&attributes, &size) == 0 && size < kThreadStackBytes &&
      pthread_attr_setstacksize(&attributes, kThreadStackBytes) == 0) {
    pthread_setattr_default_np(&attributes);
  }
  pthread_attr_destroy(&attributes);
}

uint64_t OpenFileLimit() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::numeric_limits<uint64_t>::max();
  return limit.rlim_cur;
}

}  // namespace mantlet::base
