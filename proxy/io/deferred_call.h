// DeferredCall is a call that a class makes later, as a member of it: scheduled any number of times
// it runs once, and never after it is destroyed. So no call outlives the object that it calls into.
//
// One loop's thread only. Does not outlive the loop.

#ifndef MANTLET_PROXY_IO_DEFERRED_CALL_H_
#define MANTLET_PROXY_IO_DEFERRED_CALL_H_

#include <cstdint>
#include <functional>

#include "proxy/base/linked_list.h"

namespace mantlet::io {

class Loop;

class DeferredCall : private base::ListLink {
 public:
  enum class When : uint8_t {
    // At the end of this turn of the loop, outside of any stream's callback.
    kTurnEnd,
    // In a turn to come: what is ready by now is served before.
    kNextTurn,
    // Once all that this turn has ended is freed: what was retired, and the handles that this
    // closed. kNextTurn gives no such promise: libuv may take up a wakeup in the turn in which it
    // was sent, when more is ready than it asks for at once.
    kAfterTurn,
  };

  // Keep the capture of `call` to one pointer and no allocation happens.
  DeferredCall(Loop& loop, std::function<void()> call, When when = When::kTurnEnd);
  DeferredCall(const DeferredCall&) = delete;
  DeferredCall& operator=(const DeferredCall&) = delete;
  ~DeferredCall() { Cancel(); }

  // From inside the call, too: then it comes once more.
  void Schedule();
  void Cancel() { Unlink(); }
  bool scheduled() const { return !IsAlone(); }

 private:
  friend class Loop;

  Loop& loop_;
  const std::function<void()> call_;
  const When when_;
};

}  // namespace mantlet::io

#endif  // MANTLET_PROXY_IO_DEFERRED_CALL_H_
