// RevalidationSchedule holds, for one worker, the time at which each connection's client must be
// validated again, because its certificate may have expired or been revoked by then.
//
// It is ordered by time, so connections that are not due cost nothing. Members that are due are
// called in slices of a few milliseconds, with other work of the loop in between: ten thousand
// connections affected by a new CRL do not delay the rest. Times are wall clock times. Because that
// clock can be set, the schedule reads it every few seconds while it has members.
//
// One loop's thread only. The loop must outlive the schedule, and the schedule its members.

#ifndef MANTLET_PROXY_SESSION_REVALIDATION_SCHEDULE_H_
#define MANTLET_PROXY_SESSION_REVALIDATION_SCHEDULE_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

#include "absl/container/btree_set.h"
#include "proxy/base/clock.h"
#include "proxy/base/timer_wheel.h"
#include "proxy/io/deferred_call.h"
#include "proxy/io/loop.h"

namespace mantlet::session {

class RevalidationSchedule {
 public:
  static constexpr int64_t kNow = 0;
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
  // The duration of one slice. A validation that has begun is finished.
  static constexpr int64_t kSliceUs = 2000;

  class Handler {
   public:
    // The member is due. It has already been removed from the schedule.
    virtual void OnRevalidationDue() = 0;
    int64_t due() const { return due_; }

   protected:
    ~Handler() = default;

   private:
    friend class RevalidationSchedule;
    int64_t due_ = kNever;  // kNever if not in the schedule
  };

  RevalidationSchedule(io::Loop& loop, const base::Clock& clock);
  RevalidationSchedule(const RevalidationSchedule&) = delete;

  // SetDue replaces the time of `handler`: seconds since the epoch, kNow or kNever. It must be
  // called with kNever before the member is destroyed.
  void SetDue(Handler& handler, int64_t due);
  // Calls the members that are due, for one slice. Called by the timer.
  void RunDue();

  size_t size() const { return order_.size(); }

 private:
  void Schedule();

  io::Loop& loop_;
  const base::Clock& clock_;
  absl::btree_set<std::pair<int64_t, Handler*>> order_;
  base::FunctionTimer timer_;
  io::DeferredCall next_slice_;
};

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_REVALIDATION_SCHEDULE_H_
