#include "proxy/server/time_slice.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

namespace mantlet::server {
namespace {

// sched_setattr(2); glibc has no declaration before 2.41.
struct SchedulingAttributes {
  uint32_t size = sizeof(SchedulingAttributes);
  uint32_t policy = 0;
  uint64_t flags = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t runtime = 0;  // the slice, for SCHED_OTHER and SCHED_BATCH
  uint64_t deadline = 0;
  uint64_t period = 0;
};

constexpr int kMostNice = 19;

// Has `change` change the attributes of the calling thread. Another policy (real time, idle) is a
// decision of the operator and stays.
template <typename Change>
bool ChangeAttributes(Change change) {
  SchedulingAttributes attributes;
  if (syscall(SYS_sched_getattr, 0, &attributes, sizeof(attributes), 0) != 0) return false;
  if (attributes.policy != SCHED_OTHER && attributes.policy != SCHED_BATCH) return false;
  change(attributes);
  return syscall(SYS_sched_setattr, 0, &attributes, 0) == 0;
}

}  // namespace

bool SetTimeSlice(uint64_t nanoseconds) {
  return ChangeAttributes([=](SchedulingAttributes& thread) { thread.runtime = nanoseconds; });
}

bool BecomeNicer(int nice) {
  return ChangeAttributes(
      [=](SchedulingAttributes& thread) { thread.nice = std::min(thread.nice + nice, kMostNice); });
}

}  // namespace mantlet::server
