#include "proxy/cli/junit.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proxy/base/utf8.h"

namespace mantlet::cli {
namespace {

std::string Escaped(const std::string& text) {
  std::string out;
  for (const char c : base::ValidUtf8(text)) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') {
      out += '?';
    } else {
      out += c;
    }
  }
  return out;
}

std::string Case(const JunitCase& one) {
  const std::string head = absl::StrCat("    <testcase classname=\"", Escaped(one.group),
                                        "\" name=\"", Escaped(one.name), "\"");
  if (one.failures.empty() && one.notes.empty()) return head + "/>\n";
  std::string out = head + ">\n";
  for (const std::string& failure : one.failures) {
    absl::StrAppend(&out, "      <failure message=\"", Escaped(failure), "\">", Escaped(failure),
                    "</failure>\n");
  }
  if (!one.notes.empty()) {
    absl::StrAppend(&out, "      <system-out>", Escaped(absl::StrJoin(one.notes, "\n")),
                    "</system-out>\n");
  }
  return out + "    </testcase>\n";
}

}  // namespace

std::string JunitXml(const std::string& suite, const std::vector<JunitCase>& cases) {
  const auto failed = std::count_if(cases.begin(), cases.end(),
                                    [](const JunitCase& one) { return !one.failures.empty(); });
  const std::string counts =
      absl::StrCat("tests=\"", cases.size(), "\" failures=\"", failed, "\" errors=\"0\"");
  std::string out = absl::StrCat("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites ", counts,
                                 ">\n  <testsuite name=\"", Escaped(suite), "\" ", counts, ">\n");
  for (const JunitCase& one : cases) out += Case(one);
  return out + "  </testsuite>\n</testsuites>\n";
}

}  // namespace mantlet::cli
