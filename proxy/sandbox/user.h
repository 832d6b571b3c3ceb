// User is the user that the process becomes when it was started as root.

#ifndef MANTLET_PROXY_SANDBOX_USER_H_
#define MANTLET_PROXY_SANDBOX_USER_H_

#include <sys/types.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace mantlet::sandbox {

struct User {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string name;  // empty if this machine has no user of this number
};

// Finds the user described by `text`: "NAME", "UID", or one of them with ":GROUP", a name or a
// number. Without a group it is the user's own. Returns an error that says what this machine lacks;
// a number without an entry needs a group. Reads the system's user database; main thread only.
absl::StatusOr<User> FindUser(const std::string& text);

// Changes to `user` and its groups permanently, for all threads, and gives up every capability that
// root has. Does nothing if the process already runs as that user; otherwise it requires root.
absl::Status BecomeUser(const User& user);

}  // namespace mantlet::sandbox

#endif  // MANTLET_PROXY_SANDBOX_USER_H_
