// Helpers for tables of invalid configurations and the loader's diagnostics.

#ifndef MANTLET_TEST_CONFIG_LOADER_MISTAKE_H_
#define MANTLET_TEST_CONFIG_LOADER_MISTAKE_H_

#include <gtest/gtest.h>

#include <ostream>
#include <string>

namespace mantlet::config {

// A valid configuration. Line numbers in the tables are those of this text after the edit.
inline constexpr char kGoodText[] = R"(workers: 2
listeners:
  - name: public
    address: 127.0.0.1:8443
    upstream: app
    tls:
      certificates:
        - chain: tls.crt
          key: tls.key
    client_auth:
      trust_bundle: [ca.crt]
upstreams:
  - name: app
    address: 127.0.0.1:8080
)";

// One edit of kGoodText and the resulting diagnostics, one per line.
struct Mistake {
  const char* name;
  std::string find;  // the first occurrence is replaced; "" = the whole text
  std::string replace;
  std::string diagnostics;
  bool warning = false;  // the configuration still loads
};

inline void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.name; }

inline std::string NameOf(const testing::TestParamInfo<Mistake>& info) { return info.param.name; }

class MistakeTest : public testing::TestWithParam<Mistake> {};

}  // namespace mantlet::config

#endif  // MANTLET_TEST_CONFIG_LOADER_MISTAKE_H_
