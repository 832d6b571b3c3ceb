#include "proxy/server/memory_limit.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "proxy/base/kernel_file.h"

namespace mantlet::server {
namespace {

// cgroup v1 writes a number near 2^63 for "no limit".
constexpr uint64_t kNoLimit = uint64_t{1} << 60;

std::optional<uint64_t> LeadingNumber(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<uint64_t> ParseMemoryMax(std::string_view text) {
  const std::optional<uint64_t> bytes = LeadingNumber(text);  // "max" is none
  if (!bytes || *bytes == 0 || *bytes >= kNoLimit) return std::nullopt;
  return bytes;
}

std::optional<uint64_t> ParseMemTotal(std::string_view text) {
  constexpr std::string_view kKey = "MemTotal:";
  const size_t key = text.find(kKey);
  if (key == text.npos) return std::nullopt;
  text.remove_prefix(key + kKey.size());
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const std::optional<uint64_t> kilobytes = LeadingNumber(text);
  if (!kilobytes) return std::nullopt;
  return *kilobytes * 1024;
}

uint64_t AutomaticMemoryLimit(const ReadFile& read) {
  uint64_t least = kNoLimit;
  const auto consider = [&](const std::optional<uint64_t>& bytes) {
    if (bytes) least = std::min(least, *bytes);
  };
  consider(ParseMemTotal(read("/proc/meminfo")));
  for (const std::string& folder : CgroupFolders(read)) {
    consider(ParseMemoryMax(read(folder + "/memory.max")));
  }
  for (const std::string& folder : LegacyCgroupFolders(read, "memory")) {
    consider(ParseMemoryMax(read(folder + "/memory.limit_in_bytes")));
  }
  return least == kNoLimit ? 0 : least / 4 * 3;
}

uint64_t AutomaticMemoryLimit() { return AutomaticMemoryLimit(base::ReadKernelFile); }

}  // namespace mantlet::server
