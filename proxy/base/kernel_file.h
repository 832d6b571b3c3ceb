// Reads the kernel's small files in /proc and /sys, which cannot be replaced by others; all other
// files are read through base/regular_file. Any thread.

#ifndef MANTLET_PROXY_BASE_KERNEL_FILE_H_
#define MANTLET_PROXY_BASE_KERNEL_FILE_H_

#include <string>

namespace mantlet::base {

// Returns the contents; empty if there is no such file or it cannot be read to its end. Not with an
// std::ifstream: its iterators throw when a read fails, as one of /proc does when memory is short.
std::string ReadKernelFile(const std::string& path);

}  // namespace mantlet::base

#endif  // MANTLET_PROXY_BASE_KERNEL_FILE_H_
