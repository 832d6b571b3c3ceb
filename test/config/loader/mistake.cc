#include "test/config/loader/mistake.h"

#include <cstdlib>
#include <fstream>

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

// Keeps the text and its verdict for json_schema_test.py, if that asks for them.
void Export(const std::string& name, const std::string& text, bool accepted) {
  const char* folder = std::getenv("MANTLET_MISTAKES");
  if (folder == nullptr) return;
  std::ofstream(absl::StrCat(folder, "/", name, accepted ? ".accepted" : ".refused")) << text;
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
  Export(GetParam().name, WithEdit(GetParam()), result.config.has_value());
}

}  // namespace
}  // namespace mantlet::config
