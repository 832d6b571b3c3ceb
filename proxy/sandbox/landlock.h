// Landlock confines a process to files and TCP ports that it names (Linux 5.13 and later, see
// landlock(7)). Ruleset lists what remains; RestrictTo gives up everything else, for good.

#ifndef MANTLET_PROXY_SANDBOX_LANDLOCK_H_
#define MANTLET_PROXY_SANDBOX_LANDLOCK_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "proxy/sandbox/mechanism.h"

namespace mantlet::sandbox {

struct Ruleset {
  // Files, and directories with everything below them. A path that does not exist is ignored.
  std::set<std::string> read;     // may be read and listed
  std::set<std::string> write;    // regular files may be created and written there
  std::set<std::string> sockets;  // directories: Unix sockets may be created, files removed
  // TCP ports (kernels with ABI 4: Linux 6.7). No value: every port.
  std::optional<std::set<uint16_t>> bind_ports;
  std::optional<std::set<uint16_t>> connect_ports;
  // Whether the process may connect to abstract Unix sockets of others (ABI 6: Linux 6.12).
  bool abstract_sockets = false;
};

// Returns the version of Landlock that the kernel offers, or 0 and the reason in *why, which may be
// null.
int LandlockAbi(std::string* why = nullptr);

// Restricts the calling thread, and every thread and process that it creates later, to `rules`, as
// far as the kernel's version can. Call it on the main thread before another thread starts, after
// SetNoNewPrivileges(). Files and sockets that are open stay usable. Sending signals to other
// processes is given up as well. The result is kOn with the version, or kUnavailable with the
// reason; then nothing is restricted. Ports that the kernel cannot restrict lose their value in
// `rules`.
Mechanism RestrictTo(Ruleset* rules);

}  // namespace mantlet::sandbox

#endif  // MANTLET_PROXY_SANDBOX_LANDLOCK_H_
