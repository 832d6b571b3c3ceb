// Preloaded into a process, fails or delays some of its calls. The file that FAIL_CALLS_FILE
// names holds three numbers of 8 bytes each: how many of the next new registrations with epoll
// fail with ENOSPC; the number of the allocation, counted from now, that fails (0: none); both
// count down to 0; and for how many milliseconds a thread sleeps before it waits for events, once.
// failing.py builds this and writes the file. The thread that started the process is left alone.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

// What is behind glibc's own functions; asking dlsym() for them would allocate.
extern void* __libc_malloc(size_t size);
extern void* __libc_calloc(size_t count, size_t size);
extern void* __libc_realloc(void* memory, size_t size);
extern void* __libc_memalign(size_t alignment, size_t size);

struct Orders {
  _Atomic int64_t registrations;
  _Atomic int64_t allocation;
  _Atomic int64_t nap_ms;
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

// Whether this is the last of the calls that are counted.
static int CountDown(_Atomic int64_t* left) {
  if (atomic_load(left) <= 0 || OnMainThread()) return 0;
  return atomic_fetch_sub(left, 1) == 1;
}

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

static int Fails(void) {
  if (!CountDown(&orders->allocation)) return 0;
  errno = ENOMEM;
  return 1;
}

void* malloc(size_t size) { return Fails() ? NULL : __libc_malloc(size); }

void* calloc(size_t count, size_t size) { return Fails() ? NULL : __libc_calloc(count, size); }

void* realloc(void* memory, size_t size) { return Fails() ? NULL : __libc_realloc(memory, size); }

void* memalign(size_t alignment, size_t size) {
  return Fails() ? NULL : __libc_memalign(alignment, size);
}

void* aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void** memory, size_t alignment, size_t size) {
  *memory = memalign(alignment, size);
  return *memory == NULL ? ENOMEM : 0;
}
