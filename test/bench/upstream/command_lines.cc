#include "test/bench/upstream/command_lines.h"

#include <unistd.h>

#include <array>
#include <cerrno>

namespace mantlet::bench {

bool CommandLines::Read(const std::function<void(std::string_view line)>& obey) {
  std::array<char, 1024> buffer;
  const ssize_t n = read(STDIN_FILENO, buffer.data(), buffer.size());
  if (n < 0 && errno == EINTR) return true;
  if (n <= 0) return false;
  rest_.append(buffer.data(), static_cast<size_t>(n));
  for (size_t end; (end = rest_.find('\n')) != std::string::npos; rest_.erase(0, end + 1)) {
    obey(std::string_view(rest_).substr(0, end));
  }
  return true;
}

}  // namespace mantlet::bench
