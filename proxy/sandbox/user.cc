#include "proxy/sandbox/user.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <limits>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace mantlet::sandbox {
namespace {

// The number (id_t)-1 means "no change" to the system calls.
std::optional<uint32_t> Number(const std::string& text) {
  uint32_t number = 0;
  if (!absl::SimpleAtoi(text, &number) || number == std::numeric_limits<uint32_t>::max()) {
    return std::nullopt;
  }
  return number;
}

absl::StatusOr<gid_t> FindGroup(const std::string& text) {
  if (const std::optional<uint32_t> number = Number(text)) return *number;
  const group* entry = getgrnam(text.c_str());  // NOLINT(concurrency-mt-unsafe): main thread only
  if (entry == nullptr) {
    return absl::NotFoundError(absl::StrCat("this machine has no group '", text, "'"));
  }
  return entry->gr_gid;
}

}  // namespace

absl::StatusOr<User> FindUser(const std::string& text) {
  const size_t colon = text.find(':');
  const std::string name = text.substr(0, colon);
  const std::optional<uint32_t> number = Number(name);
  // NOLINTNEXTLINE(concurrency-mt-unsafe): main thread only
  const passwd* entry = number.has_value() ? getpwuid(*number) : getpwnam(name.c_str());
  User user;
  if (entry != nullptr) {
    user = {entry->pw_uid, entry->pw_gid, entry->pw_name};
  } else if (!number.has_value()) {
    return absl::NotFoundError(absl::StrCat("this machine has no user '", name, "'"));
  } else if (colon == std::string::npos) {
    return absl::NotFoundError(absl::StrCat("this machine has no user of the number ", name,
                                            "; write ", name, ":GROUP to use it nevertheless"));
  } else {
    user.uid = *number;
  }
  if (colon == std::string::npos) return user;
  absl::StatusOr<gid_t> group = FindGroup(text.substr(colon + 1));
  if (!group.ok()) return group.status();
  user.gid = *group;
  return user;
}

absl::Status BecomeUser(const User& user) {
  if (geteuid() == user.uid && getuid() == user.uid && getegid() == user.gid) {
    return absl::OkStatus();
  }
  const int groups =
      user.name.empty() ? setgroups(1, &user.gid) : initgroups(user.name.c_str(), user.gid);
  if (groups == 0 && setresgid(user.gid, user.gid, user.gid) == 0 &&
      setresuid(user.uid, user.uid, user.uid) == 0) {
    return absl::OkStatus();
  }
  return absl::PermissionDeniedError(absl::StrCat(
      "cannot become the user '", user.name.empty() ? absl::StrCat(user.uid) : user.name,
      "': ", std::strerror(errno), "; start this as root, or as that user"));
}

}  // namespace mantlet::sandbox
