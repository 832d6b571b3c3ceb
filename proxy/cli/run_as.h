// BecomeUser makes this process another user, to find what that user may read.

#ifndef MANTLET_PROXY_CLI_RUN_AS_H_
#define MANTLET_PROXY_CLI_RUN_AS_H_

#include <string>

#include "absl/status/status.h"

namespace mantlet::cli {

// Changes the user of this process to `user`, with its groups, for good. Needs root unless it is
// that user already.
absl::Status BecomeUser(const std::string& user);

}  // namespace mantlet::cli

#endif  // MANTLET_PROXY_CLI_RUN_AS_H_
