#include "proxy/cli/run_as.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace mantlet::cli {

absl::Status BecomeUser(const std::string& user) {
  const passwd* entry = getpwnam(user.c_str());  // NOLINT(concurrency-mt-unsafe): no other thread
  if (entry == nullptr) {
    return absl::NotFoundError(absl::StrCat("this machine has no user '", user, "'"));
  }
  if (geteuid() == entry->pw_uid) return absl::OkStatus();
  if (initgroups(user.c_str(), entry->pw_gid) == 0 && setgid(entry->pw_gid) == 0 &&
      setuid(entry->pw_uid) == 0) {
    return absl::OkStatus();
  }
  return absl::PermissionDeniedError(absl::StrCat(
      "cannot become the user '", user, "': ", std::strerror(errno), "; run this as root"));
}

}  // namespace mantlet::cli
