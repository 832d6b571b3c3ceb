// Any bytes as a configuration: loading ends, every message fits a line, and a
// configuration that is taken is written as YAML that gives the same one again.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/string_view.h"
#include "config/loader/loader.h"
#include "config/loader/schema.h"

namespace mantlet::fuzz {
namespace {

void Require(bool good) {
  if (!good) std::abort();
}

void LoadAny(absl::string_view text) {
  const config::Environment environment({{"A", "app"}, {"B", "127.0.0.1:80"}});
  const config::LoadResult result = config::LoadText(text, "m.yaml", environment);
  Require(result.config.has_value() == !config::HasErrors(result.diagnostics));
  for (const config::Diagnostic& diagnostic : result.diagnostics) {
    const std::string line = ToString(diagnostic);
    Require(line.find('\n') == std::string::npos && line.size() < 16 * 1024);
  }
  if (!result.config) return;
  const config::LoadResult again = config::LoadText(ToYaml(*result.config), "m.yaml", environment);
  Require(again.config == result.config);
}

}  // namespace
}  // namespace mantlet::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mantlet::fuzz::LoadAny({reinterpret_cast<const char*>(data), size});
  return 0;
}
