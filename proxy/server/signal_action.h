// ActionOf maps each signal to what the daemon does. It covers every signal that can be sent from
// outside and whose default action would end the process. Signals that report a fault of the
// program itself (SIGSEGV, SIGABRT, ...) keep their default action.

#ifndef MANTLET_PROXY_SERVER_SIGNAL_ACTION_H_
#define MANTLET_PROXY_SERVER_SIGNAL_ACTION_H_

#include <string>
#include <vector>

namespace mantlet::server {

enum class SignalAction {
  kDrain,      // SIGTERM, SIGINT, SIGQUIT, SIGPWR, SIGXCPU; a second one ends the process at once
  kReload,     // SIGHUP: reload, and reopen the access log
  kReopenLog,  // SIGUSR1: reopen the access log
  kIgnore,     // logged only
};

SignalAction ActionOf(int number);
// Returns the signals to install a handler for.
std::vector<int> HandledSignals();
// Returns the name of a signal, such as "SIGTERM" or "SIGRTMIN+3".
std::string SignalName(int number);

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_SIGNAL_ACTION_H_
