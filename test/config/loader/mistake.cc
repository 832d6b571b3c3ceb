#include "test/config/loader/mistake.h"

#include "absl/strings/str_cat.h"
#include "config/loader/loader.h"

namespace mantlet::config {
namespace {

std::string WithEdit(const Mistake& mistake) {
  std::string text = kGoodText;
  if (mistake.find.empty()) return mistake.replace;
  const size_t at = text.find(mistake.find);
  EXPECT_NE(at, std::string::npos) << "the edit of this table entry edits nothing";
  return at == std::string::npos ? text : text.replace(at, mistake.find.size(), mistake.replace);
}

TEST_P(MistakeTest, IsReportedWithItsLocationAndAHint) {
  const Environment environment({{"PORT", "8443"}, {"EMPTY", ""}, {"BREAK", "a\nb"}});
  const LoadResult result = LoadText(WithEdit(GetParam()), "m.yaml", environment);
  std::string diagnostics;
  for (const Diagnostic& diagnostic : result.diagnostics) {
    absl::StrAppend(&diagnostics, diagnostics.empty() ? "" : "\n", ToString(diagnostic));
  }
  EXPECT_EQ(diagnostics, GetParam().diagnostics);
  EXPECT_EQ(result.config.has_value(), GetParam().warning);
  EXPECT_EQ(result.status().ok(), GetParam().warning);
}

}  // namespace
}  // namespace mantlet::config
