#include "config/environment.h"

#include <unistd.h>

#include <cstddef>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace mantlet::config {
namespace {

bool IsName(absl::string_view text) {
  if (text.empty() || absl::ascii_isdigit(text[0])) return false;
  for (char c : text) {
    if (!absl::ascii_isalnum(c) && c != '_') return false;
  }
  return true;
}

// Appends the value of `reference`, the text between "${" and "}".
bool Substitute(absl::string_view reference, const Environment& environment, Expansion& out) {
  const size_t separator = reference.find(":-");
  const absl::string_view name = reference.substr(0, separator);
  if (!IsName(name)) {
    out.error = absl::StrCat("'${", reference, "}' does not name an environment variable");
    out.hint = "write ${NAME} or ${NAME:-default}, and $${ for a literal ${";
    return false;
  }
  const std::optional<std::string> value = environment.Get(name);
  if (separator != absl::string_view::npos) {
    absl::StrAppend(&out.text, value.value_or("").empty() ? reference.substr(separator + 2)
                                                          : absl::string_view(*value));
    return true;
  }
  if (!value) {
    out.error = absl::StrCat("the environment variable ", name, " is not set");
    out.hint = absl::StrCat("set it, or give a default: ${", name, ":-default}");
    return false;
  }
  out.text += *value;
  return true;
}

}  // namespace

Environment Environment::OfThisProcess() {
  Variables variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const absl::string_view text = *entry;
    const size_t equals = text.find('=');
    if (equals == absl::string_view::npos) continue;
    variables.emplace(std::string(text.substr(0, equals)), std::string(text.substr(equals + 1)));
  }
  return Environment(std::move(variables));
}

std::optional<std::string> Environment::Get(absl::string_view name) const {
  const auto found = variables_.find(std::string(name));
  if (found == variables_.end()) return std::nullopt;
  return found->second;
}

Expansion Expand(absl::string_view text, const Environment& environment) {
  Expansion out;
  while (!text.empty()) {
    if (text.substr(0, 3) == "$${") {
      out.text += "${";
      text.remove_prefix(3);
    } else if (text.substr(0, 2) == "${") {
      const size_t end = text.find('}');
      if (end == absl::string_view::npos) {
        out.error = "'${' has no closing '}'";
        out.hint = "write ${NAME} or ${NAME:-default}, and $${ for a literal ${";
        return out;
      }
      if (!Substitute(text.substr(2, end - 2), environment, out)) return out;
      text.remove_prefix(end + 1);
    } else {
      out.text += text.front();
      text.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace mantlet::config
