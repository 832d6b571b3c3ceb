// Becoming another user, to see what that user may read.

#ifndef MANTLET_PROXY_CLI_RUN_AS_H_
#define MANTLET_PROXY_CLI_RUN_AS_H_

#include <string>

#include "absl/status/status.h"

namespace mantlet::cli {

// Gives up this process's user for `user`, with that user's groups, for good. Needs root unless it
// is the user already.
absl::Status BecomeUser(const std::string& user);

}  // namespace mantlet::cli

#endif  // MANTLET_PROXY_CLI_RUN_AS_H_
