// StandingBook: when each connection of a worker has to be looked at again, because
// what let its client in may not hold any more.
//
// Ordered by moment, so that nothing is done for connections that are not due. What
// is due is looked at in slices of some milliseconds with turns of the loop between
// them: ten thousand connections that a new CRL concerns do not hold up the others.
// Moments are wall time, which may be set; so the book looks at the clock every few
// seconds at least while anything stands in it.
//
// One loop's thread only. Members do not outlive the book, nor it the loop.

#ifndef MANTLET_PROXY_SESSION_STANDING_BOOK_H_
#define MANTLET_PROXY_SESSION_STANDING_BOOK_H_

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

class StandingBook {
 public:
  static constexpr int64_t kNow = 0;
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
  // How long one slice may take, begun judgements not counted.
  static constexpr int64_t kSliceUs = 2000;

  class Member {
   public:
    // Its moment has come; it stands in the book no more.
    virtual void OnStandingDue() = 0;
    int64_t due() const { return due_; }

   protected:
    ~Member() = default;

   private:
    friend class StandingBook;
    int64_t due_ = kNever;  // kNever: not in the book
  };

  StandingBook(io::Loop& loop, const base::Clock& clock);
  StandingBook(const StandingBook&) = delete;

  // `moment`: seconds since the epoch, kNow or kNever. Replaces the one before. A
  // member calls it with kNever before it goes.
  void SetDue(Member& member, int64_t moment);
  // Looks at what is due, one slice of it; the timer calls it.
  void Look();

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

#endif  // MANTLET_PROXY_SESSION_STANDING_BOOK_H_
