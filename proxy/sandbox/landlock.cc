#include "proxy/sandbox/landlock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace mantlet::sandbox {
namespace {

// The numbers of linux/landlock.h. The headers of Debian 12 know version 2 of it.
constexpr int kCreateRuleset = 444;
constexpr int kAddRule = 445;
constexpr int kRestrictSelf = 446;
constexpr uint32_t kAskVersion = 1;
constexpr int kPathBeneath = 1;
constexpr int kNetPort = 2;

constexpr uint64_t kWriteFile = 1u << 1;
constexpr uint64_t kReadFile = 1u << 2;
constexpr uint64_t kReadDirectory = 1u << 3;
constexpr uint64_t kRemoveFile = 1u << 5;
constexpr uint64_t kMakeRegular = 1u << 8;
constexpr uint64_t kMakeSocket = 1u << 9;
constexpr uint64_t kAllOfAbi1 = (1u << 13) - 1;
constexpr uint64_t kRefer = 1u << 13;        // ABI 2: rename and link between directories
constexpr uint64_t kTruncate = 1u << 14;     // ABI 3
constexpr uint64_t kIoctlDevice = 1u << 15;  // ABI 5
constexpr uint64_t kBindTcp = 1u << 0;       // ABI 4
constexpr uint64_t kConnectTcp = 1u << 1;
constexpr uint64_t kAbstractSocket = 1u << 0;  // ABI 6
constexpr uint64_t kSignal = 1u << 1;
// The rights that exist for a file that is not a directory.
constexpr uint64_t kOfFiles = kWriteFile | kReadFile | kTruncate | kIoctlDevice;

struct RulesetAttribute {
  uint64_t handled_access_fs = 0;
  uint64_t handled_access_net = 0;
  uint64_t scoped = 0;
};

struct __attribute__((packed)) PathBeneathAttribute {
  uint64_t allowed_access = 0;
  int32_t parent_fd = -1;
};

struct NetPortAttribute {
  uint64_t allowed_access = 0;
  uint64_t port = 0;
};

RulesetAttribute AttributeFor(int abi, const Ruleset& rules) {
  RulesetAttribute attribute;
  attribute.handled_access_fs = kAllOfAbi1;
  if (abi >= 2) attribute.handled_access_fs |= kRefer;
  if (abi >= 3) attribute.handled_access_fs |= kTruncate;
  if (abi >= 5) attribute.handled_access_fs |= kIoctlDevice;
  if (abi >= 4) {
    if (rules.bind_ports.has_value()) attribute.handled_access_net |= kBindTcp;
    if (rules.connect_ports.has_value()) attribute.handled_access_net |= kConnectTcp;
  }
  if (abi >= 6) {
    attribute.scoped = kSignal;
    if (!rules.abstract_sockets) attribute.scoped |= kAbstractSocket;
  }
  return attribute;
}

// Builds one ruleset in the kernel. Owns its descriptor.
class Builder {
 public:
  explicit Builder(RulesetAttribute handled)
      : handled_(handled),
        fd_(static_cast<int>(syscall(kCreateRuleset, &handled, sizeof(handled), 0))) {}
  Builder(const Builder&) = delete;
  Builder& operator=(const Builder&) = delete;
  ~Builder() {
    if (fd_ >= 0) close(fd_);
  }

  bool ok() const { return fd_ >= 0; }

  // Returns false with errno if the kernel refuses. A path that cannot be opened is no error: it
  // stays inaccessible.
  bool AddPath(const std::string& path, uint64_t access) {
    const int fd = open(path.c_str(), O_PATH | O_CLOEXEC);
    if (fd < 0) return true;
    struct stat status = {};
    if (fstat(fd, &status) == 0 && !S_ISDIR(status.st_mode)) access &= kOfFiles;
    PathBeneathAttribute rule{access & handled_.handled_access_fs, fd};
    const bool added = syscall(kAddRule, fd_, kPathBeneath, &rule, 0) == 0;
    const int error = errno;
    close(fd);
    errno = error;
    // Pipes and sockets, to which links in /proc lead, are never restricted (EBADFD).
    return added || error == EBADFD;
  }

  bool AddPorts(const std::optional<std::set<uint16_t>>& ports, uint64_t access) {
    if ((handled_.handled_access_net & access) == 0) return true;
    for (const uint16_t port : *ports) {
      NetPortAttribute rule{access, port};
      if (syscall(kAddRule, fd_, kNetPort, &rule, 0) != 0) return false;
    }
    return true;
  }

  bool RestrictSelf() { return syscall(kRestrictSelf, fd_, 0) == 0; }

 private:
  RulesetAttribute handled_;
  int fd_;
};

bool AddAll(const Ruleset& rules, Builder* builder) {
  for (const std::string& path : rules.read) {
    if (!builder->AddPath(path, kReadFile | kReadDirectory)) return false;
  }
  for (const std::string& path : rules.write) {
    if (!builder->AddPath(path, kWriteFile | kMakeRegular)) return false;
  }
  for (const std::string& path : rules.sockets) {
    if (!builder->AddPath(path, kMakeSocket | kRemoveFile)) return false;
  }
  return builder->AddPorts(rules.bind_ports, kBindTcp) &&
         builder->AddPorts(rules.connect_ports, kConnectTcp);
}

Mechanism Unavailable(std::string why) { return {Mechanism::State::kUnavailable, std::move(why)}; }

}  // namespace

int LandlockAbi(std::string* why) {
  const auto abi = static_cast<int>(syscall(kCreateRuleset, nullptr, 0, kAskVersion));
  if (abi > 0) return abi;
  if (why != nullptr) {
    *why = errno == EOPNOTSUPP ? "the kernel was started without it (lsm=)"
           : errno == ENOSYS   ? "the kernel does not have it (Linux 5.13 or later does)"
                               : absl::StrCat("the system call is refused: ", strerror(errno));
  }
  return 0;
}

Mechanism RestrictTo(Ruleset* rules) {
  std::string why;
  const int abi = LandlockAbi(&why);
  if (abi == 0) return Unavailable(why);
  if (abi < 4) {
    rules->bind_ports.reset();
    rules->connect_ports.reset();
  }
  Builder builder(AttributeFor(abi, *rules));
  if (!builder.ok() || !AddAll(*rules, &builder) || !builder.RestrictSelf()) {
    return Unavailable(absl::StrCat("the kernel refuses the rules: ", strerror(errno)));
  }
  std::string detail = absl::StrCat("ABI ", abi);
  if (abi < 4) absl::StrAppend(&detail, ", files only: this kernel cannot restrict ports");
  return {Mechanism::State::kOn, detail};
}

}  // namespace mantlet::sandbox
