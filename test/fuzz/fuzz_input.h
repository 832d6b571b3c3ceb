// Takes values from the front of a fuzzer's input; what is left is the message.

#ifndef MANTLET_TEST_FUZZ_FUZZ_INPUT_H_
#define MANTLET_TEST_FUZZ_FUZZ_INPUT_H_

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace mantlet::fuzz {

// A broken promise ends the run with both sides of it.
inline void Require(bool promise, std::string_view what, std::string_view a = {},
                    std::string_view b = {}) {
  if (promise) return;
  std::fprintf(stderr, "%.*s\n[%.*s]\n[%.*s]\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(a.size()), a.data(), static_cast<int>(b.size()), b.data());
  std::abort();
}

class Input {
 public:
  Input(const uint8_t* data, size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  uint8_t Byte() {
    if (rest_.empty()) return 0;
    const uint8_t byte = static_cast<uint8_t>(rest_[0]);
    rest_.remove_prefix(1);
    return byte;
  }
  // One byte of length, then as many bytes as there are.
  std::string Text() {
    const size_t size = Byte();
    const std::string text(rest_.substr(0, size));
    rest_.remove_prefix(text.size());
    return text;
  }
  std::string_view Rest() const { return rest_; }

 private:
  std::string_view rest_;
};

}  // namespace mantlet::fuzz

#endif  // MANTLET_TEST_FUZZ_FUZZ_INPUT_H_
