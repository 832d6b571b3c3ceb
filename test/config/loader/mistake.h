// A mistake in a configuration and what the loader says of it, for tables of them.

#ifndef MANTLET_TEST_CONFIG_LOADER_MISTAKE_H_
#define MANTLET_TEST_CONFIG_LOADER_MISTAKE_H_

#include <gtest/gtest.h>

#include <ostream>
#include <string>

namespace mantlet::config {

// A configuration without fault; line numbers in the tables are those of this text after the edit.
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

// One edit of kGoodText, and every diagnostic that follows, one a line.
struct Mistake {
  const char* name;
  std::string find;  // stands in the text once or more; the first is replaced; "" = the whole text
  std::string replace;
  std::string diagnostics;
  bool warning = false;  // the configuration loads all the same
};

inline void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.name; }

inline std::string NameOf(const testing::TestParamInfo<Mistake>& info) { return info.param.name; }

class MistakeTest : public testing::TestWithParam<Mistake> {};

}  // namespace mantlet::config

#endif  // MANTLET_TEST_CONFIG_LOADER_MISTAKE_H_
