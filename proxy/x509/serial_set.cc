#include "proxy/x509/serial_set.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace mantlet::x509 {
namespace {

constexpr size_t kMappedBytes = 128 * 1024;
constexpr size_t kFewBytes = 64;    // the first allocation of a pack
constexpr size_t kFewRecords = 24;  // sorted by insertion up to this number
constexpr size_t kByteValues = 256;

// RecordSorter sorts records of `width` bytes in place: by their byte at `from`, then each group
// with equal bytes by the next. (std::sort needs a type of that width.)
class RecordSorter {
 public:
  RecordSorter(uint8_t* data, size_t width) : data_(data), width_(width) {}

  void Sort(size_t begin, size_t end, size_t from) {
    while (from < width_ && end - begin > kFewRecords) {
      std::array<size_t, kByteValues> starts, ends;
      Group(begin, end, from, starts, ends);
      ++from;
      // If all records share the byte, continue with the next byte without a recursive call.
      if (ends[At(begin)[from - 1]] == end) continue;
      for (size_t value = 0; value < kByteValues; ++value) {
        const size_t start = value == 0 ? begin : ends[value - 1];
        if (ends[value] - start > 1) Sort(start, ends[value], from);
      }
      return;
    }
    if (from < width_) Insert(begin, end);
  }

 private:
  uint8_t* At(size_t i) const { return data_ + i * width_; }

  void Swap(size_t a, size_t b) {
    uint8_t spare[SerialSet::kMaxBytes];
    std::memcpy(spare, At(a), width_);
    std::memcpy(At(a), At(b), width_);
    std::memcpy(At(b), spare, width_);
  }

  // Moves records with equal bytes at `from` together; `ends[v]` is the end of those with byte v.
  void Group(size_t begin, size_t end, size_t from, std::array<size_t, kByteValues>& next,
             std::array<size_t, kByteValues>& ends) {
    ends.fill(0);
    for (size_t i = begin; i < end; ++i) ++ends[At(i)[from]];
    size_t sum = begin;
    for (size_t value = 0; value < kByteValues; ++value) {
      next[value] = sum;
      sum += ends[value];
      ends[value] = sum;
    }
    for (size_t value = 0; value < kByteValues; ++value) {
      while (next[value] < ends[value]) {
        const uint8_t belongs = At(next[value])[from];
        if (belongs != value) Swap(next[value], next[belongs]);
        ++next[belongs];
      }
    }
  }

  void Insert(size_t begin, size_t end) {
    uint8_t spare[SerialSet::kMaxBytes];
    for (size_t i = begin + 1; i < end; ++i) {
      size_t to = i;
      while (to > begin && std::memcmp(At(to - 1), At(i), width_) > 0) --to;
      if (to == i) continue;
      std::memcpy(spare, At(i), width_);
      std::memmove(At(to + 1), At(to), (i - to) * width_);
      std::memcpy(At(to), spare, width_);
    }
  }

  uint8_t* data_;
  size_t width_;
};

}  // namespace

SerialSet::Memory::~Memory() {
  if (mapped_) {
    munmap(data_, bytes_);
  } else {
    std::free(data_);
  }
}

bool SerialSet::Memory::Resize(size_t bytes) {
  void* fresh = nullptr;
  if (mapped_) {
    fresh = mremap(data_, bytes_, bytes, MREMAP_MAYMOVE);
    if (fresh == MAP_FAILED) return false;
  } else if (bytes < kMappedBytes) {
    fresh = std::realloc(data_, bytes);
    if (fresh == nullptr) return false;
  } else {
    fresh = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (fresh == MAP_FAILED) return false;
    if (bytes_ != 0) std::memcpy(fresh, data_, std::min(bytes, bytes_));
    std::free(data_);
    mapped_ = true;
  }
  data_ = static_cast<uint8_t*>(fresh);
  bytes_ = bytes;
  return true;
}

bool SerialSet::Resize(Pack& pack, size_t width, size_t capacity) {
  if (!pack.data.Resize(capacity * width)) return false;
  pack.capacity = capacity;
  return true;
}

bool SerialSet::Add(std::string_view serial) {
  if (serial.empty() || serial.size() > kMaxBytes) return false;
  const size_t width = serial.size();
  Pack& pack = packs_[width];
  if (pack.count == pack.capacity) {
    const size_t wanted = std::max(kFewBytes / width + 1, pack.capacity + pack.capacity / 2);
    if (!Resize(pack, width, wanted)) return false;
  }
  std::memcpy(pack.data.get() + pack.count * width, serial.data(), width);
  ++pack.count;
  ++size_;
  return true;
}

void SerialSet::Freeze() {
  for (size_t width = 1; width <= kMaxBytes; ++width) {
    Pack& pack = packs_[width];
    if (pack.count == 0) continue;
    RecordSorter(pack.data.get(), width).Sort(0, pack.count, 0);
    if (pack.count != pack.capacity) (void)Resize(pack, width, pack.count);
  }
}

bool SerialSet::Contains(std::string_view serial) const {
  if (serial.empty() || serial.size() > kMaxBytes) return false;
  const Pack& pack = packs_[serial.size()];
  size_t begin = 0, end = pack.count;
  while (begin < end) {
    const size_t middle = begin + (end - begin) / 2;
    const int order =
        std::memcmp(pack.data.get() + middle * serial.size(), serial.data(), serial.size());
    if (order == 0) return true;
    if (order < 0) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return false;
}

size_t SerialSet::bytes() const {
  size_t sum = 0;
  for (size_t width = 1; width <= kMaxBytes; ++width) sum += packs_[width].capacity * width;
  return sum;
}

}  // namespace mantlet::x509
