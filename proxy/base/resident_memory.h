// ResidentMemory reads how much of this process is in memory, from /proc/self/statm (proc(5)). The
// kernel's figure is exact to some hundred kilobytes for each processor. One thread at a time.

#ifndef MANTLET_PROXY_BASE_RESIDENT_MEMORY_H_
#define MANTLET_PROXY_BASE_RESIDENT_MEMORY_H_

#include <cstddef>

namespace mantlet::base {

class ResidentMemory {
 public:
  // Opens the file, which stays open, so that no later sandbox or lack of descriptors matters.
  ResidentMemory();
  ~ResidentMemory();
  ResidentMemory(const ResidentMemory&) = delete;

  // Returns bytes, or 0 if they cannot be read.
  size_t Read() const;

 private:
  const int fd_;
};

}  // namespace mantlet::base

#endif  // MANTLET_PROXY_BASE_RESIDENT_MEMORY_H_
