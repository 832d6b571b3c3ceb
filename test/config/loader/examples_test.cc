#include <gtest/gtest.h>

#include <filesystem>

#include "config/loader/loader.h"
#include "config/loader/schema.h"

namespace mantlet::config {
namespace {

std::vector<std::string> Examples() {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator("config/examples")) {
    paths.push_back(entry.path().string());
  }
  return paths;
}

class ExampleTest : public testing::TestWithParam<std::string> {};

TEST_P(ExampleTest, LoadsWithoutAWarning) {
  const LoadResult result = LoadFile(GetParam(), Environment());
  for (const Diagnostic& diagnostic : result.diagnostics) ADD_FAILURE() << ToString(diagnostic);
  ASSERT_TRUE(result.config.has_value());
  EXPECT_TRUE(LoadText(ToYaml(*result.config), GetParam(), Environment()).config.has_value());
}

INSTANTIATE_TEST_SUITE_P(Examples, ExampleTest, testing::ValuesIn(Examples()),
                         [](const testing::TestParamInfo<std::string>& path) {
                           return std::filesystem::path(path.param).stem().string();
                         });

TEST(Examples, AreMoreThanAFew) { EXPECT_GE(Examples().size(), 6u); }

}  // namespace
}  // namespace mantlet::config
