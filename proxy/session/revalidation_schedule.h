// RevalidationSchedule keeps, for one worker, when each connection's client must be validated
// again, because the certificate may have expired or been revoked by then.
//
// It is ordered by time, so that connections that are not due cost nothing. Those that are due
// are called in slices of some milliseconds with turns of the loop between them: ten thousand
// connections that a new CRL concerns do not delay the others. Times are wall clock times, and
// the clock may be set; so the schedule reads it every few seconds while it has members.
//
// One loop's thread only. Members do not outlive the schedule, nor the schedule the loop.

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
  // How long one slice may take; a validation that has begun is finished.
  static constexpr int64_t kSliceUs = 2000;

  class Member {
   public:
    // Its time has come. It is not a member of the schedule any more.
    virtual void OnRevalidationDue() = 0;
    int64_t due() const { return due_; }

   protected:
    ~Member() = default;

   private:
    friend class RevalidationSchedule;
    int64_t due_ = kNever;  // kNever: not in the schedule
  };

  RevalidationSchedule(io::Loop& loop, const base::Clock& clock);
  RevalidationSchedule(const RevalidationSchedule&) = delete;

  // SetDue replaces the time of `member`: seconds since the epoch, kNow or kNever. A member
  // calls it with kNever before it is destroyed.
  void SetDue(Member& member, int64_t due);
  // Calls the members that are due, one slice of them. The timer calls it.
  void RunDue();

  size_t size() const { return order_.size(); }

 private:
  void Schedule();

  io::Loop& loop_;
  const base::Clock& clock_;
  absl::btree_set<std::pair<int64_t, Member*>> order_;
  base::FunctionTimer timer_;
  io::DeferredCall next_slice_;
};

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_REVALIDATION_SCHEDULE_H_
