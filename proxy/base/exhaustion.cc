#include "proxy/base/exhaustion.h"

#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>

namespace mantlet::base {
namespace {

iovec PieceOf(const char* text) { return {const_cast<char*>(text), std::strlen(text)}; }

}  // namespace

void EndExhausted(const char* problem, const char* advice) {
  const std::array<iovec, 5> line = {
      {PieceOf("mantlet: "), PieceOf(problem), PieceOf("; "), PieceOf(advice), PieceOf("\n")}};
  (void)!writev(STDERR_FILENO, line.data(), line.size());
  // Not abort(): this is no fault of the program. Not exit(): other threads are still running.
  _exit(1);
}

void EndOutOfMemory() {
  EndExhausted(
      "out of memory",
      "give it more (MemoryMax=, the container's limit), or lower `limits: memory:`, so that "
      "connections are ended instead");
}

void* MallocOrEnd(size_t size) {
  void* const block = std::malloc(size);
  if (block == nullptr && size != 0) EndOutOfMemory();
  return block;
}

void* CallocOrEnd(size_t count, size_t size) {
  void* const block = std::calloc(count, size);
  if (block == nullptr && count != 0 && size != 0) EndOutOfMemory();
  return block;
}

void* ReallocOrEnd(void* block, size_t size) {
  void* const moved = std::realloc(block, size);
  if (moved == nullptr && size != 0) EndOutOfMemory();
  return moved;
}

}  // namespace mantlet::base
