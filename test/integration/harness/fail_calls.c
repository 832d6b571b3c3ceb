// Preloaded into a process, fails or delays some of its calls. The file that FAIL_CALLS_FILE
// names holds four numbers of 8 bytes each: how many of the next new registrations with epoll fail
// with ENOSPC, which counts down to 0; for how many milliseconds a thread sleeps before it waits
// for events, once; whether reads of regular files outside of /proc do not return; and how many
// such reads there were. failing.py builds this and writes the file. The thread that started the
// process is left alone.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

struct Orders {
  _Atomic int64_t registrations;
  _Atomic int64_t nap_ms;
  _Atomic int64_t hold_reads;
  _Atomic int64_t held_reads;
};

static struct Orders none;
static struct Orders* orders = &none;

__attribute__((constructor)) static void Open(void) {
  const char* path = getenv("FAIL_CALLS_FILE");
  const int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void* page = mmap(NULL, sizeof(struct Orders), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (page != MAP_FAILED) orders = page;
}

static int OnMainThread(void) { return syscall(SYS_gettid) == getpid(); }

int epoll_ctl(int epoll, int operation, int fd, struct epoll_event* event) {
  if (operation == EPOLL_CTL_ADD && atomic_load(&orders->registrations) > 0 && !OnMainThread()) {
    // One that is registered already is no new one, and says so as the kernel does.
    const long result = syscall(SYS_epoll_ctl, epoll, operation, fd, event);
    if (result != 0) return (int)result;
    syscall(SYS_epoll_ctl, epoll, EPOLL_CTL_DEL, fd, event);
    atomic_fetch_sub(&orders->registrations, 1);
    errno = ENOSPC;
    return -1;
  }
  return (int)syscall(SYS_epoll_ctl, epoll, operation, fd, event);
}

// What comes meanwhile is reported together.
int epoll_pwait(int epoll, struct epoll_event* events, int most, int timeout,
                const sigset_t* mask) {
  if (atomic_load(&orders->nap_ms) > 0 && !OnMainThread()) {
    usleep((useconds_t)atomic_exchange(&orders->nap_ms, 0) * 1000);
  }
  return (int)syscall(SYS_epoll_pwait, epoll, events, most, timeout, mask, _NSIG / 8);
}

int epoll_wait(int epoll, struct epoll_event* events, int most, int timeout) {
  return epoll_pwait(epoll, events, most, timeout, NULL);
}

static ssize_t Read(int fd, void* buffer, size_t size) {
  struct stat status;
  struct statfs system;
  if (atomic_load(&orders->hold_reads) != 0 && !OnMainThread() && fstat(fd, &status) == 0 &&
      S_ISREG(status.st_mode) && fstatfs(fd, &system) == 0 && system.f_type != PROC_SUPER_MAGIC) {
    atomic_fetch_add(&orders->held_reads, 1);
    while (atomic_load(&orders->hold_reads) != 0) usleep(1000);
  }
  return syscall(SYS_read, fd, buffer, size);
}

ssize_t read(int fd, void* buffer, size_t size) { return Read(fd, buffer, size); }

// What read(2) becomes with _FORTIFY_SOURCE.
ssize_t __read_chk(int fd, void* buffer, size_t size, size_t most) {
  (void)most;
  return Read(fd, buffer, size);
}
