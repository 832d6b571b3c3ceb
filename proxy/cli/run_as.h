// BecomeUser changes the user of this process, to find out which files that user may read.

#ifndef MANTLET_PROXY_CLI_RUN_AS_H_
#define MANTLET_PROXY_CLI_RUN_AS_H_

#include <string>

#include "absl/status/status.h"

namespace mantlet::cli {

// Changes to `user` and its groups permanently. Requires root unless the process already runs as
// `user`.
absl::Status BecomeUser(const std::string& user);

}  // namespace mantlet::cli

#endif  // MANTLET_PROXY_CLI_RUN_AS_H_
