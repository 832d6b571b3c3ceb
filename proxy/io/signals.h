// Signals delivers the signals of the process as calls on the thread of a loop.

#ifndef MANTLET_PROXY_IO_SIGNALS_H_
#define MANTLET_PROXY_IO_SIGNALS_H_

#include <functional>
#include <vector>

#include "proxy/io/loop.h"

namespace mantlet::io {

class Signals {
 public:
  // Ends the process if the system has no descriptor for the signals: it could not be drained.
  Signals(Loop& loop, const std::vector<int>& numbers, std::function<void(int number)> on_signal);
  ~Signals();
  Signals(const Signals&) = delete;

 private:
  struct Watch;
  std::function<void(int)> on_signal_;
  std::vector<Watch*> watches_;
};

}  // namespace mantlet::io

#endif  // MANTLET_PROXY_IO_SIGNALS_H_
