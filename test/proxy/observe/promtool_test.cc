// Checks the exposition with promtool, which is a part of Prometheus. Skipped if it is not
// installed; the integration tests provide it.

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "test/proxy/observe/sample_metrics.h"

namespace mantlet::observe {
namespace {

TEST(Promtool, FindsNothingToSayAboutTheExposition) {
  const char* configured = std::getenv("PROMTOOL");
  const std::string promtool = configured != nullptr ? configured : "promtool";
  if (std::system(("command -v '" + promtool + "' >/dev/null").c_str()) != 0) {
    GTEST_SKIP() << "there is no promtool here; PROMTOOL=/path names one";
  }
  const std::string exposition = testing::TempDir() + "exposition.txt";
  const std::string findings = testing::TempDir() + "findings.txt";
  std::ofstream(exposition) << RenderSample();
  const std::string command =
      "'" + promtool + "' check metrics <'" + exposition + "' >'" + findings + "' 2>&1";
  EXPECT_EQ(std::system(command.c_str()), 0);
  std::ifstream file(findings);
  const std::string said{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  EXPECT_EQ(said, "");
}

}  // namespace
}  // namespace mantlet::observe
