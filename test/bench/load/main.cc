// The load generator; see runner.h for what it says and obeys.

#include <cstdio>
#include <string>
#include <vector>

#include "test/bench/load/client_tls.h"
#include "test/bench/load/options.h"
#include "test/bench/load/runner.h"

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (!arguments.empty() && arguments[0] == "--help") {
    std::fputs(mantlet::bench::Usage().c_str(), stdout);
    return 0;
  }
  const auto options = mantlet::bench::ParseOptions(arguments);
  if (!options.ok()) {
    std::fprintf(stderr, "load: %s\n", std::string(options.status().message()).c_str());
    return 2;
  }
  const auto tls = mantlet::bench::ClientTls::Create(*options);
  if (!tls.ok()) {
    std::fprintf(stderr, "load: %s\n", std::string(tls.status().message()).c_str());
    return 1;
  }
  return mantlet::bench::Runner(*options, **tls).Run();
}
