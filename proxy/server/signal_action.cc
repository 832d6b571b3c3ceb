#include "proxy/server/signal_action.h"

#include <signal.h>

#include <cstring>

#include "absl/strings/str_cat.h"

namespace mantlet::server {

SignalAction ActionOf(int number) {
  switch (number) {
    case SIGTERM:
    case SIGINT:
    case SIGQUIT:  // nginx: graceful shutdown
    case SIGPWR:   // power failure
    case SIGXCPU:  // the soft limit of CPU time; at the hard limit the kernel kills the process
      return SignalAction::kDrain;
    case SIGHUP:
      return SignalAction::kReload;
    case SIGUSR1:
      return SignalAction::kReopenLog;
    default:
      return SignalAction::kIgnore;
  }
}

std::vector<int> HandledSignals() {
  std::vector<int> numbers = {SIGTERM, SIGINT,  SIGQUIT,   SIGPWR,  SIGXCPU, SIGHUP,   SIGUSR1,
                              SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO,   SIGSTKFLT};
  for (int number = SIGRTMIN; number <= SIGRTMAX; ++number) numbers.push_back(number);
  return numbers;
}

std::string SignalName(int number) {
  if (number >= SIGRTMIN && number <= SIGRTMAX) {
    return absl::StrCat("SIGRTMIN+", number - SIGRTMIN);
  }
  const char* name = sigabbrev_np(number);
  return name == nullptr ? absl::StrCat("signal ", number) : absl::StrCat("SIG", name);
}

}  // namespace mantlet::server
