// Preloaded into a process, counts the calls that can fail and lets some of them fail. The file
// that INJECT_FAULTS_FILE names holds `struct Orders`; faults.py builds this, writes the orders and
// reads the counts, also while the process runs.
//
// A call fails without being made, as it does when the kernel refuses it. The calls that the C
// library makes for itself (a lookup's sockets, a thread's stack) are not seen here; the functions
// that make them fail as a whole (getaddrinfo, pthread_create, fopen, opendir).

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

// The order is that of CALLS in faults.py.
enum Call {
  kReadSocket, kReadFile, kReadPipe, kReadOther,
  kWriteSocket, kWriteFile, kWritePipe, kWriteOther, kWriteStandard,
  kRecv, kSend, kAccept, kConnect, kSocket, kBind, kListen, kShutdown,
  kSetsockopt, kGetsockopt, kGetsockname, kIoctl, kFcntl,
  kEpollCreate, kEpollAdd, kEpollWait, kPoll, kEventfd, kPipe,
  kOpen, kOpendir, kStat, kReadlink, kUnlink, kRename, kChmod,
  kInotifyInit, kInotifyAdd, kMmap, kThread, kGetaddrinfo,
  kMalloc, kNew,
  kCalls
};

// What makes a call transfer one byte instead of fail.
enum { kOneByte = -1 };

struct Orders {
  _Atomic int64_t call;      // the enum Call that fails
  _Atomic int64_t error;     // errno, kOneByte, or for getaddrinfo its result
  _Atomic int64_t first;     // the number of the first call that fails; 0: none does
  _Atomic int64_t every;     // then each call after so many more; 0: no other
  _Atomic int64_t injected;  // how many have failed
  _Atomic int64_t counts[kCalls];
};

static struct Orders none;
static struct Orders* orders = &none;

// Found when first used: constructors of other libraries run before this one's.
static void* Real(void** slot, const char* name) {
  if (*slot == NULL) *slot = dlsym(RTLD_NEXT, name);
  return *slot;
}
#define REAL(name)                                      \
  ({                                                    \
    static void* slot;                                  \
    (__typeof__(&name))Real(&slot, #name);              \
  })

__attribute__((constructor)) static void Open(void) {
  const char* path = getenv("INJECT_FAULTS_FILE");
  const long fd = path == NULL ? -1 : syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
  if (fd < 0) return;
  const long page = syscall(SYS_mmap, NULL, sizeof(struct Orders), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0L);
  syscall(SYS_close, fd);
  if (page != -1) orders = (struct Orders*)page;
}

// Counts the call; returns 0, or the order for it.
static int64_t Order(enum Call call) {
  const int64_t number = atomic_fetch_add(&orders->counts[call], 1) + 1;
  const int64_t first = atomic_load(&orders->first);
  if (first == 0 || number < first || atomic_load(&orders->call) != (int64_t)call) return 0;
  const int64_t every = atomic_load(&orders->every);
  if (every == 0 ? number != first : (number - first) % every != 0) return 0;
  atomic_fetch_add(&orders->injected, 1);
  return atomic_load(&orders->error);
}

// Sets errno if the call shall fail.
static int Fails(enum Call call) {
  const int64_t order = Order(call);
  if (order == 0) return 0;
  errno = (int)order;
  return 1;
}

static enum Call ByDescriptor(int fd, enum Call socket, enum Call file, enum Call pipe, enum Call other) {
  struct stat what;
  if (syscall(SYS_fstat, fd, &what) != 0) return other;
  if (S_ISSOCK(what.st_mode)) return socket;
  if (S_ISREG(what.st_mode)) return file;
  return S_ISFIFO(what.st_mode) ? pipe : other;
}

static enum Call ReadOf(int fd) { return ByDescriptor(fd, kReadSocket, kReadFile, kReadPipe, kReadOther); }
static enum Call WriteOf(int fd) {
  if (fd == STDOUT_FILENO || fd == STDERR_FILENO) return kWriteStandard;
  return ByDescriptor(fd, kWriteSocket, kWriteFile, kWritePipe, kWriteOther);
}

// Events and signals are read and written in units of their own.
static int IsByByte(enum Call call) { return call != kReadOther && call != kReadPipe && call != kWriteOther && call != kWritePipe; }

#define TRANSFER(call, size)                                     \
  const int64_t order = Order(call);                             \
  if (order == kOneByte && IsByByte(call) && (size) > 1) size = 1; \
  if (order > 0) {                                               \
    errno = (int)order;                                          \
    return -1;                                                   \
  }

ssize_t read(int fd, void* to, size_t size) {
  TRANSFER(ReadOf(fd), size)
  return syscall(SYS_read, fd, to, size);
}
ssize_t __read_chk(int fd, void* to, size_t size, size_t room) { return read(fd, to, size < room ? size : room); }

ssize_t pread(int fd, void* to, size_t size, off_t at) {
  TRANSFER(ReadOf(fd), size)
  return syscall(SYS_pread64, fd, to, size, at);
}
ssize_t pread64(int fd, void* to, size_t size, off_t at) { return pread(fd, to, size, at); }

ssize_t write(int fd, const void* from, size_t size) {
  TRANSFER(WriteOf(fd), size)
  return syscall(SYS_write, fd, from, size);
}

// Also for messages: all but the first byte of the first piece is left out.
static const struct iovec* OneByte(const struct iovec* pieces, int* count, struct iovec* piece) {
  while (*count > 0 && pieces->iov_len == 0) ++pieces, --*count;
  if (*count == 0) return pieces;
  *piece = *pieces;
  piece->iov_len = 1;
  *count = 1;
  return piece;
}

#define TRANSFER_PIECES(call, pieces, count)                                        \
  struct iovec piece;                                                               \
  const int64_t order = Order(call);                                                \
  if (order == kOneByte && IsByByte(call)) pieces = OneByte(pieces, &count, &piece); \
  if (order > 0) {                                                                  \
    errno = (int)order;                                                             \
    return -1;                                                                      \
  }

ssize_t readv(int fd, const struct iovec* pieces, int count) {
  TRANSFER_PIECES(ReadOf(fd), pieces, count)
  return syscall(SYS_readv, fd, pieces, count);
}

ssize_t writev(int fd, const struct iovec* pieces, int count) {
  TRANSFER_PIECES(WriteOf(fd), pieces, count)
  return syscall(SYS_writev, fd, pieces, count);
}

ssize_t recvfrom(int fd, void* to, size_t size, int flags, struct sockaddr* from, socklen_t* length) {
  TRANSFER(kRecv, size)
  return syscall(SYS_recvfrom, fd, to, size, flags, from, length);
}
ssize_t recv(int fd, void* to, size_t size, int flags) { return recvfrom(fd, to, size, flags, NULL, NULL); }
ssize_t recvmsg(int fd, struct msghdr* message, int flags) {
  if (Fails(kRecv)) return -1;
  return syscall(SYS_recvmsg, fd, message, flags);
}

ssize_t sendto(int fd, const void* from, size_t size, int flags, const struct sockaddr* to, socklen_t length) {
  TRANSFER(kSend, size)
  return syscall(SYS_sendto, fd, from, size, flags, to, length);
}
ssize_t send(int fd, const void* from, size_t size, int flags) { return sendto(fd, from, size, flags, NULL, 0); }
ssize_t sendmsg(int fd, const struct msghdr* message, int flags) {
  struct msghdr copy = *message;
  const struct iovec* pieces = copy.msg_iov;
  int count = (int)copy.msg_iovlen;
  TRANSFER_PIECES(kSend, pieces, count)
  copy.msg_iov = (struct iovec*)pieces;
  copy.msg_iovlen = (size_t)count;
  return syscall(SYS_sendmsg, fd, &copy, flags);
}

int accept4(int fd, struct sockaddr* peer, socklen_t* size, int flags) {
  return Fails(kAccept) ? -1 : (int)syscall(SYS_accept4, fd, peer, size, flags);
}
int connect(int fd, const struct sockaddr* to, socklen_t size) {
  return Fails(kConnect) ? -1 : (int)syscall(SYS_connect, fd, to, size);
}
int socket(int family, int type, int protocol) {
  return Fails(kSocket) ? -1 : (int)syscall(SYS_socket, family, type, protocol);
}
int bind(int fd, const struct sockaddr* to, socklen_t size) {
  return Fails(kBind) ? -1 : (int)syscall(SYS_bind, fd, to, size);
}
int listen(int fd, int backlog) { return Fails(kListen) ? -1 : (int)syscall(SYS_listen, fd, backlog); }
int shutdown(int fd, int how) { return Fails(kShutdown) ? -1 : (int)syscall(SYS_shutdown, fd, how); }
int setsockopt(int fd, int level, int name, const void* value, socklen_t size) {
  return Fails(kSetsockopt) ? -1 : (int)syscall(SYS_setsockopt, fd, level, name, value, size);
}
int getsockopt(int fd, int level, int name, void* value, socklen_t* size) {
  return Fails(kGetsockopt) ? -1 : (int)syscall(SYS_getsockopt, fd, level, name, value, size);
}
int getsockname(int fd, struct sockaddr* name, socklen_t* size) {
  return Fails(kGetsockname) ? -1 : (int)syscall(SYS_getsockname, fd, name, size);
}

// The third argument of all uses is a pointer or an int, and none is a register's upper half.
#define THIRD(type, last) \
  va_list arguments;      \
  va_start(arguments, last); \
  type third = va_arg(arguments, type); \
  va_end(arguments);

int ioctl(int fd, unsigned long request, ...) {
  THIRD(void*, request)
  return Fails(kIoctl) ? -1 : (int)syscall(SYS_ioctl, fd, request, third);
}
int fcntl(int fd, int command, ...) {
  THIRD(void*, command)
  return Fails(kFcntl) ? -1 : (int)syscall(SYS_fcntl, fd, command, third);
}
int fcntl64(int fd, int command, ...) {
  THIRD(void*, command)
  return Fails(kFcntl) ? -1 : (int)syscall(SYS_fcntl, fd, command, third);
}

int epoll_create1(int flags) { return Fails(kEpollCreate) ? -1 : (int)syscall(SYS_epoll_create1, flags); }
// Only a new registration can fail for lack of something.
int epoll_ctl(int epoll, int operation, int fd, struct epoll_event* event) {
  if (operation != EPOLL_CTL_ADD) return (int)syscall(SYS_epoll_ctl, epoll, operation, fd, event);
  const int64_t order = Order(kEpollAdd);
  if (order == 0) return (int)syscall(SYS_epoll_ctl, epoll, operation, fd, event);
  // One that is registered already is no new one, and says so as the kernel does.
  if (syscall(SYS_epoll_ctl, epoll, operation, fd, event) != 0) return -1;
  syscall(SYS_epoll_ctl, epoll, EPOLL_CTL_DEL, fd, event);
  errno = (int)order;
  return -1;
}
int epoll_pwait(int epoll, struct epoll_event* events, int most, int timeout, const sigset_t* mask) {
  return Fails(kEpollWait) ? -1 : (int)syscall(SYS_epoll_pwait, epoll, events, most, timeout, mask, _NSIG / 8);
}
int epoll_wait(int epoll, struct epoll_event* events, int most, int timeout) {
  return epoll_pwait(epoll, events, most, timeout, NULL);
}
int poll(struct pollfd* fds, nfds_t count, int timeout) {
  if (Fails(kPoll)) return -1;
  struct timespec limit = {timeout / 1000, timeout % 1000 * 1000000L};
  return (int)syscall(SYS_ppoll, fds, count, timeout < 0 ? NULL : &limit, NULL, 0);
}
int eventfd(unsigned int value, int flags) { return Fails(kEventfd) ? -1 : (int)syscall(SYS_eventfd2, value, flags); }
int pipe2(int fds[2], int flags) { return Fails(kPipe) ? -1 : (int)syscall(SYS_pipe2, fds, flags); }

int openat(int folder, const char* path, int flags, ...) {
  THIRD(int, flags)
  return Fails(kOpen) ? -1 : (int)syscall(SYS_openat, folder, path, flags, third);
}
int openat64(int folder, const char* path, int flags, ...) {
  THIRD(int, flags)
  return openat(folder, path, flags, third);
}
int open(const char* path, int flags, ...) {
  THIRD(int, flags)
  return openat(AT_FDCWD, path, flags, third);
}
int open64(const char* path, int flags, ...) {
  THIRD(int, flags)
  return openat(AT_FDCWD, path, flags, third);
}
int __open_2(const char* path, int flags) { return openat(AT_FDCWD, path, flags, 0); }
int __open64_2(const char* path, int flags) { return openat(AT_FDCWD, path, flags, 0); }
FILE* fopen(const char* path, const char* mode) { return Fails(kOpen) ? NULL : REAL(fopen)(path, mode); }
FILE* fopen64(const char* path, const char* mode) { return fopen(path, mode); }
DIR* opendir(const char* path) { return Fails(kOpendir) ? NULL : REAL(opendir)(path); }

int fstat(int fd, struct stat* what) { return Fails(kStat) ? -1 : (int)syscall(SYS_fstat, fd, what); }
int fstat64(int fd, struct stat64* what) { return fstat(fd, (struct stat*)what); }
int stat(const char* path, struct stat* what) {
  return Fails(kStat) ? -1 : (int)syscall(SYS_newfstatat, AT_FDCWD, path, what, 0);
}
int stat64(const char* path, struct stat64* what) { return stat(path, (struct stat*)what); }
int lstat(const char* path, struct stat* what) {
  return Fails(kStat) ? -1 : (int)syscall(SYS_newfstatat, AT_FDCWD, path, what, AT_SYMLINK_NOFOLLOW);
}
ssize_t readlink(const char* path, char* to, size_t size) {
  return Fails(kReadlink) ? -1 : syscall(SYS_readlinkat, AT_FDCWD, path, to, size);
}
int unlink(const char* path) { return Fails(kUnlink) ? -1 : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0); }
int rename(const char* from, const char* to) {
  return Fails(kRename) ? -1 : (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
}
int chmod(const char* path, mode_t mode) {
  return Fails(kChmod) ? -1 : (int)syscall(SYS_fchmodat, AT_FDCWD, path, mode);
}
int fchmod(int fd, mode_t mode) { return Fails(kChmod) ? -1 : (int)syscall(SYS_fchmod, fd, mode); }

int inotify_init1(int flags) { return Fails(kInotifyInit) ? -1 : (int)syscall(SYS_inotify_init1, flags); }
int inotify_add_watch(int fd, const char* path, uint32_t mask) {
  return Fails(kInotifyAdd) ? -1 : (int)syscall(SYS_inotify_add_watch, fd, path, mask);
}
void* mmap(void* at, size_t size, int protection, int flags, int fd, off_t offset) {
  return Fails(kMmap) ? MAP_FAILED : (void*)syscall(SYS_mmap, at, size, protection, flags, fd, offset);
}
int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*), void* argument) {
  const int64_t order = Order(kThread);
  return order != 0 ? (int)order : REAL(pthread_create)(thread, attributes, run, argument);
}
// Whether this thread is inside a lookup. glibc 2.36 does not survive a failed allocation there: it
// takes nsswitch.conf for empty from then on, or ends the process by an assertion.
static _Thread_local int in_lookup;

int getaddrinfo(const char* host, const char* service, const struct addrinfo* hints, struct addrinfo** result) {
  // Its results are negative: EAI_MEMORY, EAI_AGAIN.
  const int64_t order = Order(kGetaddrinfo);
  if (order != 0) return (int)-order;
  in_lookup = 1;
  const int found = REAL(getaddrinfo)(host, service, hints, result);
  in_lookup = 0;
  return found;
}

#ifdef INJECT_ALLOCATIONS
// What is behind glibc's own functions; asking dlsym() for them would allocate.
extern void* __libc_malloc(size_t size);
extern void* __libc_calloc(size_t count, size_t size);
extern void* __libc_realloc(void* memory, size_t size);
extern void* __libc_memalign(size_t alignment, size_t size);

// How the malloc() inside operator new ends; kOutside: there is none.
enum { kOutside, kSucceeds, kFailsOnce };
static _Thread_local int inside_new;

static int NoMemory(void) {
  const int inside = inside_new;
  if (inside == kSucceeds || in_lookup) return 0;
  inside_new = kOutside;
  if (inside != kFailsOnce && Order(kMalloc) == 0) return 0;
  errno = ENOMEM;
  return 1;
}

void* malloc(size_t size) { return NoMemory() ? NULL : __libc_malloc(size); }
void* calloc(size_t count, size_t size) { return NoMemory() ? NULL : __libc_calloc(count, size); }
void* realloc(void* memory, size_t size) { return NoMemory() ? NULL : __libc_realloc(memory, size); }
void* memalign(size_t alignment, size_t size) { return NoMemory() ? NULL : __libc_memalign(alignment, size); }
void* aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }
int posix_memalign(void** memory, size_t alignment, size_t size) {
  void* const block = memalign(alignment, size);
  if (block == NULL) return ENOMEM;
  *memory = block;
  return 0;
}

// operator new calls malloc(), and the handler of std::set_new_handler() when that fails.
static void* New(size_t size, void** slot, const char* name) {
  static void* get_handler;
  void* const real = Real(slot, name);
  // Before main() sets it, libraries initialize themselves.
  const int is_set = ((void* (*)(void))Real(&get_handler, "_ZSt15get_new_handlerv"))() != NULL;
  inside_new = !is_set || Order(kNew) == 0 ? kSucceeds : kFailsOnce;
  void* const block = ((void* (*)(size_t))real)(size);
  inside_new = kOutside;
  return block;
}
void* _Znwm(size_t size) {
  static void* slot;
  return New(size, &slot, "_Znwm");
}
void* _Znam(size_t size) {
  static void* slot;
  return New(size, &slot, "_Znam");
}
#endif
