// KeyMemoryWarning logs that the memory of private keys is not locked (base/key_memory), so that
// the kernel may write keys to swap. A machine without swap is told, too, because swap may be added
// while the process runs, but not as a warning.
//
// The main thread. Created at the start, before the sandbox closes /proc.

#ifndef MANTLET_PROXY_SERVER_KEY_MEMORY_WARNING_H_
#define MANTLET_PROXY_SERVER_KEY_MEMORY_WARNING_H_

#include "proxy/base/kernel_file.h"
#include "proxy/base/key_arena.h"
#include "proxy/base/log.h"
#include "proxy/server/cgroup.h"

namespace mantlet::server {

class KeyMemoryWarning {
 public:
  explicit KeyMemoryWarning(const ReadFile& read = base::ReadKernelFile);

  // Call it after each load of keys. Logs the first time that some memory is not locked.
  void Check(const base::KeyMemoryUse& use, base::Logger& logger);

 private:
  const bool swap_;  // the machine has swap
  bool logged_ = false;
};

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_KEY_MEMORY_WARNING_H_
