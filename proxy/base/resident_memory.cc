#include "proxy/base/resident_memory.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdint>

namespace mantlet::base {

ResidentMemory::ResidentMemory() : fd_(open("/proc/self/statm", O_RDONLY | O_CLOEXEC)) {}

ResidentMemory::~ResidentMemory() {
  if (fd_ >= 0) close(fd_);
}

// "size resident shared …", in pages.
size_t ResidentMemory::Read() const {
  std::array<char, 128> text;
  const ssize_t size = pread(fd_, text.data(), text.size(), 0);
  if (size <= 0) return 0;
  const char* const end = text.data() + size;
  uint64_t pages = 0;
  const auto first = std::from_chars(text.data(), end, pages);
  if (first.ec != std::errc() || first.ptr == end) return 0;
  if (std::from_chars(first.ptr + 1, end, pages).ec != std::errc()) return 0;
  return pages * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace mantlet::base
