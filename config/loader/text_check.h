// Checks the bytes of a text before it is parsed as YAML.

#ifndef MANTLET_CONFIG_LOADER_TEXT_CHECK_H_
#define MANTLET_CONFIG_LOADER_TEXT_CHECK_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "config/diagnostic.h"

namespace mantlet::config {

// FirstInvalidUtf8 returns the offset of the first byte that is not part of well-formed UTF-8 (RFC
// 3629: no overlong forms, no surrogates, nothing above U+10FFFF), or nullopt.
std::optional<size_t> FirstInvalidUtf8(absl::string_view text);

// Returns true for the bytes 0 to 31 and 127.
bool IsControl(char c);

// CheckText returns the first of these faults: bytes that are not UTF-8, a control character, a tab
// in an indentation. The YAML library accepts the first two and reports the third obscurely.
std::optional<Diagnostic> CheckText(absl::string_view text, const std::string& filename);

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_LOADER_TEXT_CHECK_H_
