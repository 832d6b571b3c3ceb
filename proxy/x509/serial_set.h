// SerialSet holds millions of serial numbers in little more memory than their bytes: packed by
// length, sorted, found by binary search. A vector of fixed-size records would be shorter code, but
// needs three times the memory once a list has been replaced (proxy/PERFORMANCE.md).
//
// One thread fills it. After Freeze() it is immutable, and any number of threads may use it.

#ifndef MANTLET_PROXY_X509_SERIAL_SET_H_
#define MANTLET_PROXY_X509_SERIAL_SET_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mantlet::x509 {

class SerialSet {
 public:
  // RFC 5280 4.1.2.2 allows 20 octets; some CAs have issued longer ones.
  static constexpr size_t kMaxBytes = 64;

  // `serial` is the content of a DER INTEGER, 1 to kMaxBytes octets. Returns false and adds nothing
  // if it has another length or there is no memory.
  bool Add(std::string_view serial);
  // Call it once, before the first Contains().
  void Freeze();

  bool Contains(std::string_view serial) const;
  size_t size() const { return size_; }
  // Returns the memory that the serial numbers use.
  size_t bytes() const;

 private:
  // Memory is a growing buffer. Once it is large, it has its own mapping, so that growing moves
  // pages instead of bytes and freeing returns all of it to the system. The allocator would keep
  // the memory of a replaced list.
  class Memory {
   public:
    Memory() = default;
    ~Memory();
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;

    // Returns false and changes nothing if there is no memory.
    bool Resize(size_t bytes);
    uint8_t* get() const { return data_; }

   private:
    uint8_t* data_ = nullptr;
    size_t bytes_ = 0;
    bool mapped_ = false;
  };
  // Pack holds serial numbers of one length, one after the other.
  struct Pack {
    Memory data;
    size_t count = 0;
    size_t capacity = 0;
  };
  static bool Resize(Pack& pack, size_t width, size_t capacity);

  std::array<Pack, kMaxBytes + 1> packs_;  // by length
  size_t size_ = 0;
};

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_SERIAL_SET_H_
