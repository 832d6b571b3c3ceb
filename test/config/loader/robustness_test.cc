// Tests the loader with random and damaged texts.

#include <gtest/gtest.h>

#include <random>

#include "config/loader/loader.h"
#include "config/loader/schema.h"
#include "test/config/loader/mistake.h"
#include "test/config/loader/text_file.h"

namespace mantlet::config {
namespace {

// Loads `text` and checks the invariants of every text.
void ExpectSense(const std::string& text) {
  const LoadResult result = LoadText(text, "m.yaml", Environment());
  ASSERT_EQ(result.config.has_value(), !HasErrors(result.diagnostics)) << text;
  ASSERT_EQ(result.config.has_value(), result.status().ok()) << text;
  for (const Diagnostic& diagnostic : result.diagnostics) {
    ASSERT_EQ(diagnostic.where.file, "m.yaml") << text;
    ASSERT_NE(diagnostic.what, "") << text;
    ASSERT_EQ(ToString(diagnostic).find('\n'), std::string::npos) << text;
  }
  if (!result.config) return;
  const LoadResult again = LoadText(ToYaml(*result.config), "m.yaml", Environment());
  ASSERT_TRUE(again.config.has_value()) << again.status() << "\n" << text;
  ASSERT_EQ(*again.config, *result.config) << text;
}

std::string FullExample() { return ReadTextFile("config/examples/multiple_listeners.yaml"); }

TEST(Loader, MakesSenseOfEveryTruncation) {
  const std::string text = FullExample();
  ASSERT_GT(text.size(), 500u);
  for (size_t size = 0; size <= text.size(); ++size) ExpectSense(text.substr(0, size));
}

TEST(Loader, MakesSenseOfEveryMissingByte) {
  const std::string text = kGoodText;
  for (size_t at = 0; at < text.size(); ++at) {
    std::string damaged = text;
    ExpectSense(damaged.erase(at, 1));
  }
}

TEST(Loader, MakesSenseOfEveryByteInEveryPlaceThatMeansSomethingToYaml) {
  const std::string text = kGoodText;
  for (char c : std::string("\"'[]{}:,#&*!|>%@`-?\n\t\r ~$\x7f\xff", 28)) {
    for (size_t at = 0; at < text.size(); ++at) {
      std::string damaged = text;
      damaged[at] = c;
      ExpectSense(damaged);
    }
  }
}

TEST(Loader, MakesSenseOfRandomSplices) {
  const std::string text = FullExample();
  std::mt19937 random(1);  // the same texts in every run
  const auto below = [&](size_t limit) { return random() % limit; };
  for (int round = 0; round < 400; ++round) {
    std::string damaged = text;
    for (int edits = 0; edits < 4; ++edits) {
      const size_t from = below(text.size());
      damaged.replace(below(damaged.size()), below(20), text, from, below(60));
    }
    ExpectSense(damaged);
  }
}

}  // namespace
}  // namespace mantlet::config
