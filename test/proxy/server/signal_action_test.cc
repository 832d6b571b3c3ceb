#include "proxy/server/signal_action.h"

#include <signal.h>

#include <algorithm>

#include "gtest/gtest.h"

namespace mantlet::server {
namespace {

// Signals whose default action does not end the process, and signals that report a fault of it.
bool IsLeftAlone(int number) {
  for (const int harmless : {SIGCHLD, SIGURG, SIGWINCH, SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN}) {
    if (number == harmless) return true;
  }
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS, SIGKILL}) {
    if (number == fault) return true;
  }
  for (const int of_a_write : {SIGPIPE, SIGXFSZ, SIGTTOU}) {  // base/process_setup ignores these
    if (number == of_a_write) return true;
  }
  return number > 31 && number < SIGRTMIN;  // reserved by the C library
}

TEST(SignalAction, NoSignalThatCanBeSentByHabitKeepsItsDefaultOfDeath) {
  const std::vector<int> handled = HandledSignals();
  for (int number = 1; number <= SIGRTMAX; ++number) {
    const bool is_handled = std::count(handled.begin(), handled.end(), number) == 1;
    EXPECT_NE(is_handled, IsLeftAlone(number)) << SignalName(number);
  }
}

TEST(SignalAction, SupportsTheSignalsOfOtherServers) {
  EXPECT_EQ(ActionOf(SIGTERM), SignalAction::kDrain);
  EXPECT_EQ(ActionOf(SIGQUIT), SignalAction::kDrain);
  EXPECT_EQ(ActionOf(SIGHUP), SignalAction::kReload);
  EXPECT_EQ(ActionOf(SIGUSR1), SignalAction::kReopenLog);
  EXPECT_EQ(ActionOf(SIGUSR2), SignalAction::kIgnore);
  EXPECT_EQ(ActionOf(SIGRTMIN), SignalAction::kIgnore);
}

TEST(SignalAction, NamesThem) {
  EXPECT_EQ(SignalName(SIGUSR1), "SIGUSR1");
  EXPECT_EQ(SignalName(SIGRTMIN + 3), "SIGRTMIN+3");
}

}  // namespace
}  // namespace mantlet::server
