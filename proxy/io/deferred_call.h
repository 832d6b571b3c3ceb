// DeferredCall is a member of a class that calls one of its methods later. However often it is
// scheduled, the call runs once; it never runs after the DeferredCall is destroyed. So no call
// outlives the object that it is made on.
//
// One loop's thread only. It must not be scheduled after the loop is destroyed.

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
    // In a later turn; events that are ready now are handled first.
    kNextTurn,
    // After everything that this turn destroys is freed: objects passed to DeferDelete() and the
    // handles that they close. kNextTurn does not guarantee this: libuv may process a wakeup in the
    // turn in which it was sent, if more events are ready than it fetches at once.
    kAfterTurn,
  };

  // No allocation happens if the capture of `call` is one pointer.
  DeferredCall(Loop& loop, std::function<void()> call, When when = When::kTurnEnd);
  DeferredCall(const DeferredCall&) = delete;
  DeferredCall& operator=(const DeferredCall&) = delete;
  ~DeferredCall() { Cancel(); }

  // Schedules the call. If called from inside the call, it runs once more.
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
