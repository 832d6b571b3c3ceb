// SerialSet holds serial numbers, millions of them, in little more memory than their bytes take:
// packed by length, sorted, found by binary search. A vector of fixed records would be shorter and
// takes three times the memory once a list has been replaced (proxy/PERFORMANCE.md).
//
// One thread fills it; after Freeze() it never changes, and any number of threads may ask.

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

  // `serial`: the content octets of a DER INTEGER, 1 to kMaxBytes of them. False,
  // and nothing is added, if there are more or none, or memory has run out.
  bool Add(std::string_view serial);
  // Once, before the first question.
  void Freeze();

  bool Contains(std::string_view serial) const;
  size_t size() const { return size_; }
  // What the serial numbers take in memory.
  size_t bytes() const;

 private:
  // Memory that grows. Once it is large it is mapped by itself, so that growing
  // moves pages instead of bytes, and all of it goes back to the system when it is
  // freed: the allocator would keep what a replaced list has left.
  class Memory {
   public:
    Memory() = default;
    ~Memory();
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;

    // False, and nothing has changed, if there is no more.
    bool Resize(size_t bytes);
    uint8_t* get() const { return data_; }

   private:
    uint8_t* data_ = nullptr;
    size_t bytes_ = 0;
    bool mapped_ = false;
  };
  // Serial numbers of one length, one after the other.
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
