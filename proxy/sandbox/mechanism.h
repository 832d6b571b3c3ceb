// Mechanism is the state of one of the kernel's mechanisms that confine this process.

#ifndef MANTLET_PROXY_SANDBOX_MECHANISM_H_
#define MANTLET_PROXY_SANDBOX_MECHANISM_H_

#include <string>

namespace mantlet::sandbox {

struct Mechanism {
  enum class State {
    kOn,
    kOff,          // switched off by the configuration or by the build
    kUnavailable,  // the kernel, or the container in which the process runs, does not permit it
  };
  State state = State::kOff;
  std::string detail;  // a phrase: the version in use, or the reason why it is not on
};

// Returns "on", "off" or "unavailable".
inline const char* ToString(Mechanism::State state) {
  switch (state) {
    case Mechanism::State::kOn:
      return "on";
    case Mechanism::State::kOff:
      return "off";
    case Mechanism::State::kUnavailable:
      break;
  }
  return "unavailable";
}

// Whether this binary is built with a sanitizer, whose runtime library makes system calls of its
// own (ptrace for leaks, files for reports) that a confined process may not make.
constexpr bool IsSanitizerBuild() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  return true;
#else
  return false;
#endif
#else
  return false;
#endif
}

}  // namespace mantlet::sandbox

#endif  // MANTLET_PROXY_SANDBOX_MECHANISM_H_
