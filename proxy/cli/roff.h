// Functions for text of manual pages (man(7)).

#ifndef MANTLET_PROXY_CLI_ROFF_H_
#define MANTLET_PROXY_CLI_ROFF_H_

#include <string>

#include "absl/strings/string_view.h"

namespace mantlet::cli {

// Returns `text` so that each character stands for itself. A '-' becomes the one of commands.
std::string RoffText(absl::string_view text);

// The same for a text of the help, in which `words` between backticks become bold, and URLs and
// file names stay as they are. It ends with a line break and has lines of at most 80 bytes or so.
std::string RoffProse(absl::string_view text);

}  // namespace mantlet::cli

#endif  // MANTLET_PROXY_CLI_ROFF_H_
