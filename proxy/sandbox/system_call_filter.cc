#include "proxy/sandbox/system_call_filter.h"

#include <linux/prctl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <initializer_list>

#include "absl/strings/str_cat.h"
#include "proxy/sandbox/system_calls.h"

namespace mantlet::sandbox {
namespace {

// Flags of clone(2) that ask for other namespaces.
constexpr uint64_t kNamespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                 CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

class Filter {
 public:
  Filter() : context_(seccomp_init(SCMP_ACT_ERRNO(ENOSYS))) {}
  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;
  ~Filter() { seccomp_release(context_); }

  bool ok() const { return context_ != nullptr; }
  int error() const { return error_; }

  // A name that this processor or this version of the library lacks is ignored.
  void Allow(const char* name) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number < 0) return;
    Note(seccomp_rule_add_array(context_, SCMP_ACT_ALLOW, number, 0, nullptr));
  }
  // Allows the call if its argument `index` has one of `values`.
  void AllowIf(const char* name, unsigned index, std::initializer_list<uint64_t> values) {
    for (const uint64_t value : values) {
      AllowIf(name, {.arg = index, .op = SCMP_CMP_EQ, .datum_a = value, .datum_b = 0});
    }
  }
  void AllowIf(const char* name, const scmp_arg_cmp& condition) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number < 0) return;
    Note(seccomp_rule_add_array(context_, SCMP_ACT_ALLOW, number, 1, &condition));
  }
  void Set(scmp_filter_attr attribute, uint32_t value) {
    // An older library or kernel lacks some; the filter works without them.
    (void)seccomp_attr_set(context_, attribute, value);
  }
  void Load() { Note(seccomp_load(context_)); }

 private:
  void Note(int result) {
    if (result < 0 && error_ == 0) error_ = -result;
  }

  scmp_filter_ctx context_;
  int error_ = 0;  // the first
};

void AddRules(Filter* filter) {
  for (const char* name : kAllowedCalls) filter->Allow(name);
  // No packet sockets, no crypto or other kernel interfaces behind sockets. Netlink is how the C
  // library asks for the machine's own addresses.
  filter->AllowIf("socket", 0, {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK});
  filter->AllowIf("ioctl", 1, {FIONBIO, FIOCLEX, FIONCLEX, FIONREAD, TIOCOUTQ, TCGETS, TIOCGWINSZ});
  // Threads of this process, no other processes. clone3 has its flags in memory, where a filter
  // cannot see them; the C library uses clone instead when clone3 does not exist.
  filter->AllowIf("clone", {.arg = 0,
                            .op = SCMP_CMP_MASKED_EQ,
                            .datum_a = kNamespaces | CLONE_THREAD,
                            .datum_b = CLONE_THREAD});
  filter->AllowIf("prctl", 0, {PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE, PR_SET_VMA});
  // Limits may be read, and set for nobody else.
  filter->AllowIf("prlimit64", 2, {0});
  // abort(3) and the watchdogs of libraries.
  const auto self = static_cast<uint64_t>(getpid());
  filter->AllowIf("tgkill", 0, {self});
  filter->AllowIf("kill", 0, {self});
}

}  // namespace

Mechanism FilterSystemCalls() {
  Filter filter;
  if (!filter.ok()) return {Mechanism::State::kUnavailable, "libseccomp cannot build the filter"};
  AddRules(&filter);
  filter.Set(SCMP_FLTATR_CTL_TSYNC, 1);
  filter.Set(SCMP_FLTATR_CTL_LOG, 1);
  // Decide in a binary tree.
  filter.Set(SCMP_FLTATR_CTL_OPTIMIZE, 2);
  // No mitigation against side channels between parts of this process: it runs no foreign code, and
  // before Linux 5.16 a filter would turn the mitigation on, which makes everything slower.
  filter.Set(SCMP_FLTATR_CTL_SSB, 1);
  filter.Load();
  if (filter.error() != 0) {
    return {Mechanism::State::kUnavailable,
            absl::StrCat("the kernel refuses the filter: ", strerror(filter.error()))};
  }
  return {Mechanism::State::kOn, ""};
}

}  // namespace mantlet::sandbox
