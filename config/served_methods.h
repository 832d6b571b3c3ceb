// The methods that mantlet forwards. To every other it answers 501 before any rule of a policy is
// asked. The parser's own list decides (proxy/http1); its test sees that this one agrees.

#ifndef MANTLET_CONFIG_SERVED_METHODS_H_
#define MANTLET_CONFIG_SERVED_METHODS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace mantlet::config {

// The usual ones first.
const std::vector<std::string>& ServedMethods();

// Letter case counts, as HTTP has it.
bool IsServedMethod(absl::string_view text);

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_SERVED_METHODS_H_
