// Each test filters the system calls of a process of its own.

#include "proxy/sandbox/system_call_filter.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/keyctl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "proxy/sandbox/process_flags.h"

namespace mantlet::sandbox {
namespace {

bool IsAvailable() { return prctl(PR_GET_SECCOMP) >= 0; }

// Runs `body` in a child whose system calls are filtered; its result is the exit status.
void InFilter(const std::function<int()>& body) {
  if (!IsAvailable()) GTEST_SKIP() << "this kernel has no seccomp";
  EXPECT_EXIT(
      {
        if (!SetNoNewPrivileges()) _exit(101);
        if (FilterSystemCalls().state != Mechanism::State::kOn) _exit(102);
        _exit(body());
      },
      testing::ExitedWithCode(0), "");
}

struct Refused {
  const char* name;
  std::function<long()> call;
};

const std::vector<Refused>& AllRefused() {
  static const std::vector<Refused> all = {
      {"io_uring_setup", [] { return syscall(SYS_io_uring_setup, 1, nullptr); }},
      {"io_uring_enter", [] { return syscall(SYS_io_uring_enter, 0, 0, 0, 0, nullptr, 0); }},
      {"ptrace", [] { return syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0); }},
      {"process_vm_readv",
       [] { return syscall(SYS_process_vm_readv, getppid(), nullptr, 0, nullptr, 0, 0); }},
      {"mount", [] { return syscall(SYS_mount, "none", "/", "tmpfs", 0, nullptr); }},
      {"umount2", [] { return syscall(SYS_umount2, "/nowhere", 0); }},
      {"pivot_root", [] { return syscall(SYS_pivot_root, "/", "/"); }},
      {"chroot", [] { return syscall(SYS_chroot, "/"); }},
      {"execve",
       [] {
         const char* arguments[] = {"/bin/false", nullptr};
         return syscall(SYS_execve, "/bin/false", arguments, nullptr);
       }},
      {"execveat",
       [] {
         const char* arguments[] = {"/bin/false", nullptr};
         return syscall(SYS_execveat, AT_FDCWD, "/bin/false", arguments, nullptr, 0);
       }},
      {"fork", [] { return syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, 0ul); }},
      {"clone3", [] { return syscall(SYS_clone3, nullptr, 0); }},
      {"a user namespace",
       [] { return syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, nullptr, nullptr, nullptr, 0ul); }},
      {"unshare", [] { return syscall(SYS_unshare, 0); }},
      {"setns", [] { return syscall(SYS_setns, 0, 0); }},
      {"kexec_load", [] { return syscall(SYS_kexec_load, 0, 0, nullptr, 0); }},
      {"reboot", [] { return syscall(SYS_reboot, 0, 0, 0, nullptr); }},
      {"init_module", [] { return syscall(SYS_init_module, nullptr, 0, ""); }},
      {"finit_module", [] { return syscall(SYS_finit_module, -1, "", 0); }},
      {"bpf", [] { return syscall(SYS_bpf, 0, nullptr, 0); }},
      {"perf_event_open", [] { return syscall(SYS_perf_event_open, nullptr, 0, -1, -1, 0); }},
      {"userfaultfd", [] { return syscall(SYS_userfaultfd, 0); }},
      {"keyctl", [] { return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, -3, 0, 0, 0); }},
      {"add_key", [] { return syscall(SYS_add_key, "user", "x", "y", 1, -3); }},
      {"request_key", [] { return syscall(SYS_request_key, "user", "x", nullptr, 0); }},
      {"open_by_handle_at", [] { return syscall(SYS_open_by_handle_at, 0, nullptr, 0); }},
      {"personality", [] { return syscall(SYS_personality, 0xffffffff); }},
      {"setuid", [] { return syscall(SYS_setuid, getuid()); }},
      {"setgroups", [] { return syscall(SYS_setgroups, 0, nullptr); }},
      {"capset", [] { return syscall(SYS_capset, nullptr, nullptr); }},
      {"memfd_create", [] { return syscall(SYS_memfd_create, "x", 0); }},
      {"pidfd_getfd", [] { return syscall(SYS_pidfd_getfd, -1, 0, 0); }},
      {"a packet socket", [] { return long{socket(AF_PACKET, SOCK_RAW, 0)}; }},
      {"a socket of the kernel's cryptography", [] { return long{socket(38, SOCK_SEQPACKET, 0)}; }},
      {"a virtual machine's socket", [] { return long{socket(40, SOCK_STREAM, 0)}; }},
      {"typing into the terminal", [] { return long{ioctl(0, TIOCSTI, "x")}; }},
      {"becoming dumpable", [] { return long{prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)}; }},
      {"killing another process", [] { return long{kill(getppid(), 0)}; }},
      {"another limit",
       [] {
         const unsigned long long limit[2] = {64, 64};
         return syscall(SYS_prlimit64, 0, 7, limit, nullptr);
       }},
  };
  return all;
}

class RefusedCall : public testing::TestWithParam<size_t> {};

TEST_P(RefusedCall, FailsAsOnAKernelWithoutIt) {
  const Refused& refused = AllRefused()[GetParam()];
  SCOPED_TRACE(refused.name);
  InFilter([&] {
    errno = 0;
    return refused.call() == -1 && errno == ENOSYS ? 0 : 1;
  });
}

INSTANTIATE_TEST_SUITE_P(All, RefusedCall, testing::Range(size_t{0}, AllRefused().size()));

TEST(FilterSystemCalls, LeavesThreadsSocketsFilesAndNames) {
  InFilter([] {
    bool ran = false;
    std::thread([&] { ran = true; }).join();
    if (!ran) return 1;
    for (const int family : {AF_INET, AF_INET6, AF_UNIX}) {
      const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
      // This machine may lack IPv6.
      if (fd < 0 && errno != EAFNOSUPPORT) return 2;
      close(fd);
    }
    addrinfo* found = nullptr;
    if (getaddrinfo("localhost", "80", nullptr, &found) != 0) return 3;
    freeaddrinfo(found);
    std::FILE* file = std::fopen("/proc/self/stat", "r");
    if (file == nullptr || std::fgetc(file) == EOF) return 4;
    std::fclose(file);
    return std::string(size_t{10} << 20, 'x').size() == size_t{10} << 20 ? 0 : 5;
  });
}

TEST(FilterSystemCalls, HoldsForAThreadThatStartsLater) {
  InFilter([] {
    int error = 0;
    std::thread([&] {
      syscall(SYS_bpf, 0, nullptr, 0);
      error = errno;
    }).join();
    return error == ENOSYS ? 0 : 1;
  });
}

TEST(FilterSystemCallsDeathTest, LeavesAFailedCheckItsSignal) {
  if (!IsAvailable()) GTEST_SKIP() << "this kernel has no seccomp";
  EXPECT_EXIT(
      {
        SetNoNewPrivileges();
        FilterSystemCalls();
        std::abort();
      },
      testing::KilledBySignal(SIGABRT), "");
}

}  // namespace
}  // namespace mantlet::sandbox
